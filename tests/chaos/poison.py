"""Postings that kill, exhaust or hang whoever reads them, and some that nobody can map, among many innocents."""

from typing import Any

from tests.chaos.other_builds import built_with, sample_of
from tests.chaos.rig import Rig
from tests.chaos.scenario import WORKER_DIED, Expected, Outcome, Scenario

_SEED = 9
#: Far from each other and from those that the sample repeats (the last of each fifty, and the one 25 before).
_KILLERS = {"segfault": 310, "memory": 811, "loop": 1312}
_MALFORMED = tuple(range(102, 2000, 200))
_MOST_TIMES = 1.5
_LIMITS = {"STALL_PROCESSOR_SECONDS": "1", "TRIAL_SECONDS": "0.5"}
#: A process that dies by our poison says so.
_SAID = ("Segmentation fault", "Timeout", "Fatal Python error", "Traceback", "unit_quarantined", WORKER_DIED)


def poison(rig: Rig) -> Outcome:
    """Expect exactly the poison in quarantine, and everything else where a clean run has it."""
    count = 10_000 if rig.long else 2_000
    faults: dict[str, dict[str, Any]] = {
        "enricher": {"poison": {_identity(n): kind for kind, n in _KILLERS.items()}},
        "extractor": {"malformed": [_identity(n) for n in _MALFORMED]},
    }
    with sample_of(rig, count, _SEED):
        innocent = rig.stack.business()
        with built_with(rig, faults, **_LIMITS):
            wanted = {"killer": len(_KILLERS), "id_missing": len(_MALFORMED)}
            rig.run_and_check(
                None, expected=Expected(quarantined=wanted, logged=_SAID, digest=False, books=False), seconds=300
            )
            if rig.outcome.passed:
                _compare(rig, innocent)
        rig.measure_clean(1)  # the machine may have become busier or idler meanwhile
        _note_time(rig)
    return rig.outcome


def _identity(index: int) -> str:
    return f"g{_SEED}-{index}"


def _compare(rig: Rig, innocent: dict[str, list[str]]) -> None:
    """What is missing from the business tables is the poison, and nothing else is different."""
    missing = {"postings": len(_MALFORMED), "sightings": len(_MALFORMED)}
    for table, rows in rig.stack.business().items():
        lost, more = set(innocent[table]) - set(rows), set(rows) - set(innocent[table])
        most = missing.get(table, len(_MALFORMED) + len(_KILLERS))
        if more:
            rig.outcome.findings.append(f"{table}: {len(more)} rows that a clean run does not have: {sorted(more)[:1]}")
        if len(lost) > most or (len(lost) < most and table != "rankings"):
            rig.outcome.findings.append(f"{table}: {len(lost)} rows are missing, {most} expected")


def _note_time(rig: Rig) -> None:
    rig.outcome.clean_seconds = sum(clean.seconds for clean in rig.clean) / len(rig.clean)
    ratio = rig.outcome.seconds / rig.outcome.clean_seconds
    kills = rig.outcome.kills["enricher"]
    around = ", ".join(f"{clean.seconds:.1f} s" for clean in rig.clean)
    rig.outcome.notes.append(
        f"{ratio:.2f} times as long as clean runs before and after ({around}); the enricher died {kills} times"
    )
    if rig.long and ratio > _MOST_TIMES:
        rig.outcome.findings.append(f"the run took {ratio:.2f} times as long as a clean one, {_MOST_TIMES} at most")


SCENARIOS = (Scenario("poison", "postings that kill, exhaust or hang their reader among innocents", poison),)
