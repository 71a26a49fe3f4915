"""What becomes of units that kill, of stages that fail everything, and of dead letters."""

import asyncio
import contextlib
import hashlib
import os
import signal
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

import msgspec
import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from common.contracts import Headers, PostingsCollected, decode, unit_id
from common.messaging import breaker, inflight, last_words
from common.messaging.errors import PermanentError
from common.messaging.inflight import PROCESS
from common.messaging.outbox import outgoing
from common.messaging.protocol import DEAD, Outgoing
from common.messaging.runner import MOST_CRASHES
from common.messaging.undertaker import DELIVERY_LIMIT, Undertaker
from common.messaging.unit import Finished
from common.testing.postgres import Database
from tests.integration.messaging.messages import Seen
from tests.integration.messaging.stage_rig import StageRig, stage_rig
from tests.support.suspects import dangerous

SCHEMA = "normalizer"
NOW = datetime(2026, 11, 21, tzinfo=UTC)


@dataclass
class Toy:
    """Counts its items as new, fails a unit whose first item says so, remembers what it saw."""

    seen: list[list[str]] = field(default_factory=list)
    event = PostingsCollected
    queue = "normalizer.postings"
    trial = staticmethod(dangerous)

    async def prepare(self, headers: Headers, event: PostingsCollected) -> None:
        words = [item["word"] for item in event.items]
        self.seen.append(words)
        if words[:1] == ["fail"]:
            raise PermanentError("toy_failure", "as told", ours=headers.stage != "theirs")

    async def apply(
        self, conn: AsyncConnection, headers: Headers, event: PostingsCollected, prepared: None
    ) -> Finished:
        finished = Finished()
        finished.count("new", by=len(event.items))
        return finished


@pytest.fixture
async def rig(database: Database) -> AsyncIterator[StageRig]:
    async with stage_rig(database, SCHEMA) as rig:
        yield rig


def message(name: str, *words: str, stage: str = "normalize") -> Outgoing:
    event = PostingsCollected(
        source="s", feed="", page=1, archive_key="k", collected_at=NOW, items=[{"word": word} for word in words]
    )
    template = Headers(event_id="", event_type="", run_id="r", unit_id="", stage="", first_at=NOW, sha256="")
    return outgoing(event, template, unit_id("normalize", name), stage, len(words))


async def note(rig: StageRig, unit: Outgoing, process: uuid.UUID, crashes: int = 0) -> None:
    await rig.execute(
        "INSERT INTO normalizer.inflight (run_id, unit_id, process, crashes) VALUES ('r', :unit, :process, :crashes)",
        unit=unit.headers.unit_id, process=process, crashes=crashes,
    )  # fmt: skip


async def test_of_a_unit_held_at_a_crash_only_the_killer_is_set_aside_and_the_rest_goes_on(rig: StageRig) -> None:
    unit, stage = message("u", "fine", "segfault", "fine"), Toy()
    await note(rig, unit, uuid.uuid4())
    await rig.run(stage, unit)
    assert stage.seen == [["fine", "fine"]]
    (report,) = await rig.reports()
    assert (report.outcome, report.counts, report.reasons) == ("ok", {"new": 2, "failed": 1}, {"killer": 1})
    (row,) = await rig.rows("SELECT reason, error, item, body, reference FROM normalizer.quarantine")
    assert (row.reason, row.error, row.item, row.reference) == (
        "killer", "killed by SIGSEGV", {"word": "segfault"}, "k#1",
    )  # fmt: skip
    assert decode(PostingsCollected, row.body, hashlib.sha256(row.body).hexdigest()).items == []
    assert await rig.rows("SELECT 1 FROM normalizer.inflight") == []


@pytest.mark.parametrize(
    ("read", "crashes", "set_aside"),
    [
        (("u", 1), 0, ["segfault"]),  # exactly what was being read
        (("u", 0), 0, []),  # an innocent, at a kill from outside
        (("v", 0), 0, []),  # something else
        (("u", 9), 0, ["segfault", "exit"]),  # nonsense
        (None, 0, ["segfault", "exit"]),  # nobody knows
        (("u", 0), 1, ["segfault", "exit"]),  # it was not that, as the unit has died again
    ],
)
async def test_of_what_was_in_hand_at_a_first_crash_only_what_was_being_read_is_tried(
    rig: StageRig, monkeypatch: pytest.MonkeyPatch, read: tuple[str, int] | None, crashes: int, set_aside: list[str]
) -> None:
    unit, stage, dead = message("u", "fine", "segfault", "exit"), Toy(), uuid.uuid4()
    await note(rig, unit, dead, crashes)
    with monkeypatch.context() as patched, contextlib.ExitStack() as dying:
        patched.setattr(inflight, "PROCESS", dead)
        if read is not None:
            dying.enter_context(last_words.reading(message(read[0], "fine").headers, read[1], read[1] + 1))
        last_words.take_over()
    await rig.run(stage, unit)
    rows = await rig.rows("SELECT item FROM normalizer.quarantine ORDER BY reference")
    assert [row.item["word"] for row in rows] == set_aside
    assert stage.seen == [[word for word in ("fine", "segfault", "exit") if word not in set_aside]]


def test_what_a_fork_was_reading_when_it_was_killed_is_known_to_the_next_one_and_what_it_had_read_is_not() -> None:
    unit = message("u").headers

    def life(read: range | None, *, dies_reading: bool) -> uuid.UUID:
        mine, its = os.pipe()
        if (child := os.fork()) == 0:
            os.write(its, inflight.PROCESS.bytes)
            if read is not None:
                with last_words.reading(unit, read.start, read.stop):
                    if dies_reading:
                        os.kill(os.getpid(), signal.SIGKILL)
            os._exit(0)
        os.waitpid(child, 0)
        return uuid.UUID(bytes=os.read(mine, 16))

    def told(holder: uuid.UUID) -> list[int]:
        mine, its = os.pipe()
        if (child := os.fork()) == 0:
            os.write(its, bytes([len(found := last_words.suspects(holder, unit, 3)), *found]))
            os._exit(0)
        os.waitpid(child, 0)
        return list(os.read(mine, 9))[1:]

    assert told(life(range(2, 3), dies_reading=True)) == [2]
    assert told(life(range(2), dies_reading=True)) == [0, 1]
    assert told(uuid.uuid4()) == [0, 1, 2]
    assert told(life(range(2, 3), dies_reading=False)) == [0, 1, 2]
    assert told(life(range(2, 9), dies_reading=True)) == [0, 1, 2]


async def test_a_unit_that_comes_again_to_the_process_that_holds_it_is_no_suspect(rig: StageRig) -> None:
    unit, stage = message("u", "segfault"), Toy()
    await note(rig, unit, PROCESS)
    await rig.run(stage, unit)
    assert stage.seen == [["segfault"]]
    assert await rig.rows("SELECT 1 FROM normalizer.quarantine") == []


async def test_a_repetition_that_was_in_hand_at_a_crash_leaves_no_note(rig: StageRig) -> None:
    unit, stage = message("u", "fine"), Toy()
    await rig.run(stage, unit)
    await note(rig, unit, uuid.uuid4())
    await rig.run(stage, Outgoing(msgspec.structs.replace(unit.headers, attempt=1), unit.body))
    assert stage.seen == [["fine"]]
    assert await rig.rows("SELECT 1 FROM normalizer.inflight") == []


async def test_a_unit_held_at_too_many_crashes_is_set_aside_whole(rig: StageRig) -> None:
    unit, stage = message("u", "fine", "fine"), Toy()
    await note(rig, unit, uuid.uuid4(), crashes=MOST_CRASHES)
    await rig.run(stage, unit)
    assert stage.seen == []
    (report,) = await rig.reports()
    assert (report.outcome, report.counts) == ("failed", {"failed": 2})
    assert await rig.rows("SELECT 1 FROM normalizer.inflight") == []


async def test_a_stage_that_fails_everything_stops_and_goes_on_when_units_pass_again(
    rig: StageRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(breaker, "CONSECUTIVE", 5)
    monkeypatch.setattr(breaker, "TRY_SECONDS", 0.2)
    stage = Toy()
    runner = rig.runner(stage)
    subscription = await runner.start(1)
    await rig.broker.publish([message(f"bad {n}", "fail") for n in range(9)])
    async with asyncio.timeout(20):
        while len(stage.seen) < 8:  # noqa: ASYNC110 - five until it stops, then one after the other is tried
            await asyncio.sleep(0.02)
    assert len(await rig.rows("SELECT 1 FROM normalizer.quarantine")) == 5
    await rig.broker.publish([message("good", "fine")])
    await rig.until_empty("normalizer.postings")
    await subscription.cancel()
    assert ["fine"] in stage.seen
    assert len(await rig.reports()) == 10, "closed by the unit that passed, the rest has failed for good"


async def test_a_repetition_says_nothing_about_the_build_and_leaves_a_stopped_stage_stopped(
    rig: StageRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(breaker, "CONSECUTIVE", 2)
    monkeypatch.setattr(breaker, "TRY_SECONDS", 0.05)
    stage, good = Toy(), message("good", "fine")
    subscription = await rig.runner(stage).start(1)
    await rig.broker.publish([good, message("bad 1", "fail"), message("bad 2", "fail")])
    await rig.until_empty("normalizer.postings")
    again = Outgoing(msgspec.structs.replace(good.headers, attempt=1), good.body)
    await rig.broker.publish([again, message("bad 3", "fail")])
    async with asyncio.timeout(20):
        while len(stage.seen) < 5:  # noqa: ASYNC110 - bad 3 is tried and held, then tried again
            await asyncio.sleep(0.02)
    await subscription.cancel()
    assert len(await rig.rows("SELECT 1 FROM normalizer.quarantine")) == 2


async def test_failures_that_a_source_is_to_blame_for_do_not_stop_the_stage(
    rig: StageRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(breaker, "CONSECUTIVE", 2)
    await rig.run(Toy(), *(message(f"bad {n}", "fail", stage="theirs") for n in range(6)))
    assert len(await rig.rows("SELECT 1 FROM normalizer.quarantine")) == 6


async def test_a_message_that_claims_absurdly_many_attempts_is_set_aside_like_any_other(rig: StageRig) -> None:
    unit = message("u", "fail")
    await rig.run(Toy(), Outgoing(msgspec.structs.replace(unit.headers, attempt=2**31 - 1), unit.body))
    (row,) = await rig.rows("SELECT attempts, reason FROM normalizer.quarantine")
    assert (row.attempts, row.reason) == (32_767, "toy_failure")


async def test_a_dead_letter_ends_its_unit_as_failed_and_a_foreign_one_is_kept_with_its_headers(rig: StageRig) -> None:
    runner = rig.runner(Toy())
    undertaker = Undertaker(runner, broker=rig.broker, engine=rig.engine, outbox=rig.outbox)
    parking = await rig.broker.subscribe("normalizer.postings", Seen(lambda d: d.dead("given up")))
    await rig.broker.publish([message("u", "fine")])
    await rig.execute(
        "INSERT INTO broker.message (queue, headers, body) VALUES ('normalizer.postings', '{\"colour\": \"red\"}', 'x')"
    )
    await rig.until_empty("normalizer.postings")
    await parking.cancel()
    burying = await rig.broker.subscribe("normalizer.postings" + DEAD, undertaker)
    await rig.until_empty("normalizer.postings" + DEAD)
    await burying.cancel()
    (report,) = await rig.reports()
    assert (report.outcome, report.counts) == ("failed", {"failed": 1})
    rows = await rig.rows("SELECT event_type, reason, error, body FROM normalizer.quarantine ORDER BY event_type")
    assert [(row.event_type, row.reason) for row in rows] == [
        ("foreign", "dead_letter"), ("postings.collected.v1", "dead_letter"),
    ]  # fmt: skip
    assert "'colour': 'red'" in rows[0].error
    assert rows[0].body == b"x"


async def test_a_message_that_was_delivered_too_often_through_no_fault_of_its_own_is_revived(rig: StageRig) -> None:
    undertaker = Undertaker(rig.runner(Toy()), broker=rig.broker, engine=rig.engine, outbox=rig.outbox)
    revived: list[float] = []

    class Delivery:
        headers = message("u", "fine").headers
        body = b""
        redelivered = True
        dead_reason = DELIVERY_LIMIT

        async def retry(self, delay: float) -> None:
            revived.append(delay)

    await undertaker([Delivery()])  # type: ignore[list-item]  # only what it uses
    assert revived
    assert await rig.rows("SELECT 1 FROM normalizer.quarantine") == []
