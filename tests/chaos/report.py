"""The results in words and as a markdown table, kept in `.chaos/` and on demand in docs/reliability.md."""

import os
import platform
import subprocess
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

from tests.chaos.scenario import Outcome
from tests.support.data import REPOSITORY

_DOCUMENT = REPOSITORY / "docs" / "reliability.md"
_KEPT = REPOSITORY / ".chaos"
_BEGIN, _END = "<!-- results of make chaos: begin -->", "<!-- results of make chaos: end -->"
_HEAD = "| scenario | kills | recovered after (s) | run (s) | clean (s) | verdict |\n|---|---|---|---|---|---|"
SERVERS = ("rabbitmq", "postgresql")


def line(outcome: Outcome) -> str:
    """One scenario in one line."""
    verdict = "passed" if outcome.passed else "FAILED"
    return (
        f"{verdict}  {outcome.name}  seed {outcome.seed}  kills: {_kills(outcome.kills)}  "
        f"recovered after: {_recoveries(outcome)} s  run {outcome.seconds:.1f} s (clean {outcome.clean_seconds:.1f} s)"
        f"  in all {outcome.taken:.0f} s"
    )


def table(outcomes: Sequence[Outcome]) -> str:
    """All scenarios as a markdown table."""
    rows = [
        f"| {o.name} | {_kills(o.kills)} | {_recoveries(o)} | {o.seconds:.1f} | {o.clean_seconds:.1f} | "
        f"{'passed' if o.passed else f'**{len(o.findings)} findings**'} |"
        for o in outcomes
    ]
    return "\n".join([_HEAD, *rows])


def summary(outcomes: Sequence[Outcome]) -> str:
    """The sums that goals are stated in."""
    kills = sum((o.kills for o in outcomes), Counter())
    services = sum(n for name, n in kills.items() if name not in SERVERS)
    longest = max((seconds for o in outcomes for seconds in o.recoveries), default=0.0)
    failed = sum(not o.passed for o in outcomes)
    return (
        f"{services} kills of services, {kills['rabbitmq']} of the broker, {kills['postgresql']} of the database; "
        f"longest recovery {longest:.1f} s; {failed} of {len(outcomes)} scenarios failed"
    )


def write(outcomes: Sequence[Outcome], *, into_docs: bool) -> None:
    """Keep the results in `.chaos/<date>.md`, and put them between the markers of the document if asked to."""
    now = datetime.now(UTC)
    seeds = ", ".join(sorted({str(o.seed) for o in outcomes}))
    head = (
        f"Last run: {now:%Y-%m-%d %H:%M} UTC, commit {_commit()}, seed {seeds}, {os.cpu_count()} cores, "
        f"Python {platform.python_version()}."
    )
    notes = [f"- {o.name}: {note}" for o in outcomes for note in o.notes]
    text = "\n\n".join([head, table(outcomes), summary(outcomes) + ".", *(["\n".join(notes)] if notes else [])])
    _KEPT.mkdir(exist_ok=True)
    (_KEPT / f"{now:%Y%m%dT%H%M%S}.md").write_text(text + "\n", encoding="utf-8")
    if into_docs:
        before, _, rest = _DOCUMENT.read_text(encoding="utf-8").partition(_BEGIN)
        after = rest.partition(_END)[2]
        _DOCUMENT.write_text(f"{before}{_BEGIN}\n{text}\n{_END}{after}", encoding="utf-8")


def _kills(kills: Counter[str]) -> str:
    services = sum(n for name, n in kills.items() if name not in SERVERS)
    servers = [f"{kills[name]} {name}" for name in SERVERS if kills[name]]
    return ", ".join([*([f"{services} services"] if services else []), *servers]) or "none"


def _recoveries(outcome: Outcome) -> str:
    if not outcome.recoveries:
        return "–"
    longest = max(outcome.recoveries)
    return f"{longest:.1f}" if len(outcome.recoveries) == 1 else f"≤ {longest:.1f}"


def _commit() -> str:
    command = ["git", "describe", "--always", "--dirty"]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False).stdout.strip() or "?"
