"""Disks that fill up in mid-run under the database, the broker and the archive of pages."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import httpx

from common.database import cluster
from tests.chaos.evidence import collect
from tests.chaos.freezes import SAID
from tests.chaos.oracle import judge
from tests.chaos.rig import Rig
from tests.chaos.scenario import Expected, Outcome, Scenario
from tests.chaos.small_disk import NoDiskError, SmallDisk, small_disk

#: Seconds that a disk is full in the short and in the long suite.
SHORT, LONG = 12.0, 120.0
RECOVERED = 60.0
_AWAIT = 10.0
_REFUSED = 503
#: Megabytes beyond what is stored; RabbitMQ takes nothing more when less than its limit is free.
_DATABASE_MB, _BROKER_MB, _ARCHIVE_MB, _BROKER_LIMIT_MB = 200, 400, 8, 50
#: What is said about a full disk, and each time followed by another attempt.
_SAID = (*SAID, "No space left", "unit_raised")


def full_database_disk(rig: Rig) -> Outcome:
    """PostgreSQL cannot write any more."""
    return _on_a_small_disk(rig, _database_disk, 0)


def full_broker_disk(rig: Rig) -> Outcome:
    """RabbitMQ is below its limit and blocks those who publish."""
    return _on_a_small_disk(rig, _broker_disk, 20 * 1024**2)


def full_archive_disk(rig: Rig) -> Outcome:
    """The extractor cannot keep pages."""
    return _on_a_small_disk(rig, _archive_disk, 0)


def _on_a_small_disk(rig: Rig, disk: Callable[[Rig], AbstractContextManager[SmallDisk]], leave: int) -> Outcome:
    try:
        with disk(rig) as small:
            _run_with_a_full_disk(rig, small, leave)
    except NoDiskError as error:
        rig.outcome.notes.append(f"not run: {error}")
    return rig.outcome


@contextmanager
def _database_disk(rig: Rig) -> Iterator[SmallDisk]:
    """The services wait while the server is stopped to change its disk."""
    rig.postgres.stop()
    try:
        with small_disk(cluster.data(rig.postgres._directory), _DATABASE_MB) as disk:
            try:
                rig.postgres.start()
                rig.processes.wait_ready()
                yield disk
            finally:
                rig.postgres.stop()
    finally:
        rig.postgres.start()
        rig.processes.wait_ready()


@contextmanager
def _broker_disk(rig: Rig) -> Iterator[SmallDisk]:
    rig.node.stop()
    try:
        with small_disk(rig.node.data, _BROKER_MB) as disk:
            try:
                rig.node.disk_free_limit = f"{_BROKER_LIMIT_MB}MB"
                rig.node.start()
                rig.processes.wait_ready()
                rig.consumers_back()
                yield disk
            finally:
                rig.node.stop()
    finally:
        rig.node.start()
        rig.processes.wait_ready()


@contextmanager
def _archive_disk(rig: Rig) -> Iterator[SmallDisk]:
    with small_disk(rig.archive, _ARCHIVE_MB) as disk:
        yield disk


def _run_with_a_full_disk(rig: Rig, disk: SmallDisk, leave: int) -> None:
    rig.reset()
    begun = time.monotonic()
    run = rig.start_run()
    rig.mid_run(run)
    with disk.full(leave):
        asked = _ask_for_runs(rig, LONG if rig.long else SHORT)
    freed = time.monotonic()
    _revive_database(rig)
    last = f"disk-last-{rig.random.randrange(10**6)}"
    rig.recovered(rig.poll(lambda: _started(rig, last), RECOVERED, "a run accepted after the disk was freed"))
    runs = [run, *_begun(rig, asked), last]
    for each in runs:
        rig.ended(each, max(1.0, RECOVERED + rig.clean[0].seconds - (time.monotonic() - freed)))
    rig.outcome.notes.append(f"all {len(runs)} runs over {time.monotonic() - freed:.1f} s after room was made")
    rig.timed(begun, 1)
    rig.settle(len(runs))
    evidence = collect(rig, runs, rig.new_log_lines())
    rig.outcome.findings += judge(evidence, rig.clean[0], Expected(logged=_SAID))
    if rig.outcome.findings:
        rig.repair()


def _ask_for_runs(rig: Rig, seconds: float) -> dict[str, int]:
    """Ask the gateway once a second for an empty run; what it accepts must not be lost, what it refuses be said so."""
    asked: dict[str, int] = {}
    end = time.monotonic() + seconds
    with httpx.Client(timeout=15, trust_env=False) as client:
        while time.monotonic() < end:
            run_id, begun = f"disk-{len(asked)}-{rig.random.randrange(10**6)}", time.monotonic()
            answer = client.post(_runs_url(rig), json=_empty(run_id))
            took = time.monotonic() - begun
            asked[run_id] = answer.status_code
            refused = answer.status_code == _REFUSED and "retry-after" in answer.headers
            if not (answer.status_code == httpx.codes.ACCEPTED or refused) or took > _AWAIT:
                said = f"{answer.status_code} after {took:.1f} s: {answer.text[:200]}"
                rig.outcome.findings.append(f"on a full disk the gateway answered {said}")
            time.sleep(max(0.0, 1.0 - took))
    return asked


def _begun(rig: Rig, asked: dict[str, int]) -> list[str]:
    """The runs to be seen to their end: those accepted, and refused ones that were stored before something failed."""
    accepted = [run_id for run_id, status in asked.items() if status == httpx.codes.ACCEPTED]
    all_the_same = [run_id for run_id, status in asked.items() if status == _REFUSED and rig.state(run_id)]
    rig.outcome.notes.append(
        f"{len(accepted)} runs accepted on the full disk, {len(asked) - len(accepted)} refused with 503, of which "
        f"{len(all_the_same)} were begun all the same"
    )
    return accepted + all_the_same


def _started(rig: Rig, run_id: str) -> bool:
    return httpx.post(_runs_url(rig), json=_empty(run_id), timeout=15, trust_env=False).is_success


def _runs_url(rig: Rig) -> str:
    return f"{rig.processes.url}/campaigns/{rig.campaign}/runs"


def _empty(run_id: str) -> dict[str, object]:
    return {"sources": [{"source": "sample", "params": {"count": 0, "seed": 13}}], "run_id": run_id}


def _revive_database(rig: Rig) -> None:
    """Without room for its log PostgreSQL stops, and so does its own restart: whoever runs it starts it again."""
    time.sleep(1)
    if not rig.postgres.running:
        rig.outcome.notes.append("PostgreSQL had stopped for want of room and was started again by the suite")
        rig.postgres.start()


SCENARIOS = (
    Scenario("full-database-disk", "no room left for PostgreSQL", full_database_disk),
    Scenario("full-broker-disk", "no room left for RabbitMQ", full_broker_disk),
    Scenario("full-archive-disk", "no room left for pages", full_archive_disk),
)
