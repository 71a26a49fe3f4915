"""The oracle: compares the evidence with a clean run of the same input and says in words what is wrong."""

from collections import Counter, defaultdict
from collections.abc import Iterator

from tests.chaos.evidence import Clean, Evidence
from tests.chaos.scenario import Expected

#: No damage: the outbox keeps what a broker that is away or slow has not confirmed, and the subprocess in which a
#: killed service tried a suspect complains when it finds nobody to tell.
_HARMLESS = (
    "publish_not_confirmed", "outbox_not_confirmed", "UnpicklingError: pickle data was truncated",
    "BrokenPipeError: [Errno 32] Broken pipe",
)  # fmt: skip


def judge(evidence: Evidence, clean: Clean, expected: Expected | None = None) -> list[str]:
    """Everything that was lost, doubled, left behind or said too early; empty when nothing was."""
    wanted = expected or Expected()
    return [
        *_runs(evidence, clean, wanted),
        *_business(evidence, clean, wanted),
        *_leftovers(evidence),
        *_announcements(evidence, wanted),
        *_effects(evidence, wanted),
        *_log(evidence, wanted),
    ]


def _runs(evidence: Evidence, clean: Clean, wanted: Expected) -> Iterator[str]:
    for run, fetched in zip(evidence.runs, clean.fetched, strict=False):
        if run.state != "completed":
            yield f"run {run.run_id} is {run.state}, not completed"
        if run.open != run.recount:
            yield f"run {run.run_id}: open is {run.open}, its units say {run.recount}"
        if run.state == "completed" and run.recount:
            yield f"run {run.run_id} completed too early: {run.recount} units lack a flag"
        if run.late_units:
            yield f"run {run.run_id} completed before {run.late_units} of its units finished"
        if not wanted.books:
            continue
        if not run.balanced:
            yield f"run {run.run_id}: the books do not balance"
        if run.fetched != fetched:
            yield f"run {run.run_id} fetched {run.fetched} postings, a clean one {fetched}"
        if run.status != "succeeded":
            yield f"run {run.run_id} ended as {run.status}"


def _business(evidence: Evidence, clean: Clean, wanted: Expected) -> Iterator[str]:
    if wanted.digest:
        for table, digest in clean.digest.items():
            if evidence.digest[table] != digest:
                yield f"{table} differ from those of a clean run{_difference(evidence, clean, table)}"
    allowed = Counter(wanted.quarantined)
    beyond: Counter[str] = Counter()
    for service, reason in sorted({*evidence.quarantined, *clean.quarantined}):
        difference = evidence.quarantined[service, reason] - clean.quarantined[service, reason]
        beyond[reason] += difference
        if difference and reason not in allowed:
            yield f"{service} has {difference:+d} rows in quarantine under {reason}"
    for reason, count in allowed.items():
        if beyond[reason] != count:
            yield f"{beyond[reason]} rows in quarantine under {reason}, expected {count}"
    for key in evidence.pages_lost:
        yield f"the archive does not hold {key}, which the extractor lists"


def _difference(evidence: Evidence, clean: Clean, table: str) -> str:
    """How many rows differ, with an example."""
    is_so, should_be = Counter(evidence.rows.get(table)), Counter(clean.rows.get(table))
    missing, more = should_be - is_so, is_so - should_be
    if not missing and not more:
        return ""
    return f": {missing.total()} rows missing, {more.total()} more, as {_example(list(missing), list(more))}"


def _example(missing: list[str], more: list[str]) -> str:
    """A row that is there twice with a difference, from where it begins; otherwise any row."""
    twins = {row.partition(",")[0]: row for row in missing}
    for row in more:
        if twin := twins.get(row.partition(",")[0]):
            same = next((n for n, (a, b) in enumerate(zip(row, twin, strict=False)) if a != b), 0)
            begin = max(0, same - 60)
            return f"{row[:50]} … {row[begin : begin + 200]} instead of {twin[begin : begin + 200]}"
    return next(iter(more or missing))[:300]


def _leftovers(evidence: Evidence) -> Iterator[str]:
    for service, count in evidence.unsent.items():
        if count:
            yield f"{count} messages unsent in the outbox of {service}"
    for service, count in evidence.inflight.items():
        if count:
            yield f"{count} units noted as in flight at {service}"
    for queue, state in evidence.queues.items():
        if state.ready < 0:
            yield f"queue {queue} is not declared"
        elif state.ready:
            yield f"{state.ready} messages left in queue {queue}"
        if state.stage and state.consumers == 0:
            yield f"queue {queue} has no consumer"


def _announcements(evidence: Evidence, wanted: Expected) -> Iterator[str]:
    told = defaultdict(set)
    for run_id, webhook_id in evidence.webhooks:
        told[run_id].add(webhook_id)
    said = defaultdict(set)
    for entry in evidence.journal:
        if entry.event_type.startswith("run.completed."):
            said[entry.run_id].add(entry.event_id)
    for run in evidence.runs:
        if evidence.completions[run.run_id] != 1:
            yield f"the outbox says {evidence.completions[run.run_id]} times that run {run.run_id} is completed"
        if len(said[run.run_id]) != 1:
            yield f"{len(said[run.run_id])} different completions of run {run.run_id} went over the broker"
        if wanted.webhooks and len(told[run.run_id]) != 1:
            yield f"{len(told[run.run_id])} webhook ids for run {run.run_id}"
    for run_id in told.keys() - {run.run_id for run in evidence.runs}:
        yield f"a webhook for run {run_id}, which is not of this scenario"


def _effects(evidence: Evidence, wanted: Expected) -> Iterator[str]:
    bodies = defaultdict(set)
    finished = defaultdict(set)
    for entry in evidence.journal:
        bodies[entry.event_id].add(entry.sha256)
        if entry.event_type.startswith("unit.finished."):
            finished[entry.run_id].add(entry.unit_id)
    for event_id, digests in bodies.items():
        if len(digests) > 1:
            yield f"event {event_id} went out with {len(digests)} different bodies"
    for run in evidence.runs:
        silent = run.finished - finished[run.run_id]
        if silent and wanted.heard:
            yield f"run {run.run_id}: {len(silent)} units finished that nobody reported: {sorted(silent)[:3]}"
        if lost := finished[run.run_id] - run.finished - _after_the_end(finished[run.run_id]):
            yield f"run {run.run_id}: {len(lost)} reported units are not in the ledger: {sorted(lost)[:3]}"


def _after_the_end(units: set[str]) -> set[str]:
    """Telling people that a run is over is reported when the run is over."""
    return {unit for unit in units if unit.startswith("notify:")}


def _log(evidence: Evidence, wanted: Expected) -> Iterator[str]:
    for (service, line), count in evidence.logged.items():
        if not any(part in line for part in (*wanted.logged, *_HARMLESS)):
            yield f"{service} logged {count} times: {line}"
