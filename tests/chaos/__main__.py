"""`python -m tests.chaos`: disturbs the running product in every way we know and says what became of it."""

import argparse
import logging
import secrets
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from pathlib import Path

import structlog

from tests.chaos.catalogue import SCENARIOS
from tests.chaos.launch import running_rig
from tests.chaos.report import line, summary, table, write
from tests.chaos.rig import Rig
from tests.chaos.scenario import Outcome, Scenario
from tests.chaos.workload import workload
from tests.support.data import shared_folder


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the suite; 1 if anything was found."""
    options = _options(arguments)
    chosen = [s for s in SCENARIOS if s.name in options.only or (not options.only and (options.long or not s.slow))]
    if options.list:
        print("\n".join(f"{s.name:24}{s.about}{' (long suite only)' if s.slow else ''}" for s in SCENARIOS))
        return 0
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    print(f"seed {options.seed}", flush=True)
    begun = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="posthorn-chaos-"))
    outcomes = _run(folder, chosen, options)
    print(f"\n{table(outcomes)}\n{summary(outcomes)}; {(time.monotonic() - begun) / 60:.1f} minutes")
    write(outcomes, into_docs=options.write)
    if all(outcome.passed for outcome in outcomes):
        shutil.rmtree(folder)
        return 0
    print(f"logs, archive and journal are kept in {folder}")
    return 1


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6), help="repeat what a seed did")
    parser.add_argument("--only", action="append", default=[], choices=[s.name for s in SCENARIOS], metavar="NAME")
    parser.add_argument("--list", action="store_true", help="name the scenarios and do nothing")
    parser.add_argument("--long", action="store_true", help="many more kills (about 2 hours)")
    parser.add_argument("--write", action="store_true", help="put the table into docs/reliability.md")
    return parser.parse_args(arguments)


def _run(folder: Path, chosen: Sequence[Scenario], options: argparse.Namespace) -> list[Outcome]:
    work = workload(shared_folder(), small=not options.long)
    print(work.words, flush=True)
    with running_rig(folder, options.seed, work, long=options.long) as rig:
        rig.measure_clean(len(work.parts))
        print(
            "clean runs: " + ", ".join(f"{c.fetched[-1]} postings in {c.seconds:.1f} s" for c in rig.clean), flush=True
        )
        return [_one(rig, scenario, options) for scenario in chosen]


def _one(rig: Rig, scenario: Scenario, options: argparse.Namespace) -> Outcome:
    rig.begin(scenario.name)
    begun = time.monotonic()
    try:
        outcome = scenario.run(rig)
    except Exception as error:  # noqa: BLE001 - the other scenarios shall run: a suite that breaks off says less
        traceback.print_exc()
        outcome = rig.outcome
        outcome.findings.append(f"the scenario broke off: {error!r}")
        rig.repair()
    outcome.taken = time.monotonic() - begun
    print(line(outcome), flush=True)
    for note in outcome.notes:
        print(f"    {note}", flush=True)
    for finding in outcome.findings:
        print(f"    FOUND {finding}", flush=True)
    if outcome.findings:
        long = " --long" if options.long else ""
        print(f"    repeat with: python -m tests.chaos --seed {options.seed} --only {scenario.name}{long}", flush=True)
    return outcome


if __name__ == "__main__":
    sys.exit(main())
