"""The runner: what becomes of a unit, whatever its handler does."""

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from common.contracts import (
    Headers,
    PostingsEnriched,
    PostingsNormalized,
    UnitFinished,
    encode,
    event_id,
    unit_id,
)
from common.messaging.errors import PermanentError, RetryLaterError
from common.messaging.protocol import BrokerUnavailableError, Outgoing
from common.messaging.relay import send_unsent
from common.messaging.unit import Child, Finished, Quarantined
from common.testing.postgres import Database
from tests.integration.messaging.stage_rig import ATTEMPTS, StageRig, stage_rig

SCHEMA = "enricher"


@dataclass
class Toy:
    """A stage whose steps raise what the test wants, in order."""

    raises: list[Exception] = field(default_factory=list)
    prepared: int = 0
    event = PostingsNormalized
    queue = "enricher.postings"
    trial = None

    async def prepare(self, headers: Headers, event: PostingsNormalized) -> None:
        self.prepared += 1
        if self.raises:
            raise self.raises.pop(0)

    async def apply(
        self, conn: AsyncConnection, headers: Headers, event: PostingsNormalized, prepared: None
    ) -> Finished:
        finished = Finished(children=[Child(PostingsEnriched(jobs=[]), postings=2)])
        finished.count("failed", "enrich_error")
        finished.quarantined.append(Quarantined("enrich_error", "nul \x00", {"text": "a\x00b"}))
        return finished


@pytest.fixture
async def rig(database: Database) -> AsyncIterator[StageRig]:
    async with stage_rig(database, SCHEMA) as rig:
        yield rig


def message(name: str = "u", body: bytes | None = None) -> Outgoing:
    encoded, sha256 = encode(PostingsNormalized(postings=[]))
    body = encoded if body is None else body
    headers = Headers(
        event_id=event_id("r", name, "postings.normalized.v1"), event_type="postings.normalized.v1", run_id="r",
        unit_id=unit_id("enrich", name), stage="enrich", first_at=datetime.now(UTC), postings=3,
        sha256=hashlib.sha256(body).hexdigest() if body is not encoded else sha256,
    )  # fmt: skip
    return Outgoing(headers, body)


async def test_a_unit_has_one_effect_however_often_its_message_comes(rig: StageRig) -> None:
    same = message()
    await rig.run(Toy(), same, same, same)
    (report,) = await rig.reports()
    assert report.outcome == "ok"
    assert report.counts == {"failed": 1}
    assert [c.stage for c in report.children] == ["rank"]
    (child,) = await rig.rows("SELECT headers FROM broker.message WHERE queue = 'ranker.postings'")
    assert child.headers["unit_id"] == report.children[0].unit_id
    assert child.headers["postings"] == 2
    (kept,) = await rig.rows("SELECT reason, item::text FROM enricher.quarantine")
    assert kept.item == msgspec.json.encode({"text": "a\x00b"}).decode()


async def test_a_permanent_failure_is_set_aside_and_its_postings_are_counted_failed(rig: StageRig) -> None:
    await rig.run(Toy([PermanentError("rule_broken", "why")]), message())
    (report,) = await rig.reports()
    assert report.outcome == "failed"
    assert report.counts == {"failed": 3}
    assert report.reasons == {"rule_broken": 3}
    (kept,) = await rig.rows("SELECT reason, error, body FROM enricher.quarantine")
    assert (kept.reason, kept.body) == ("rule_broken", message().body)


@pytest.mark.parametrize("body", [b"", b"garbage", encode(UnitFinished(run_id="", unit_id="", stage=""))[0]])
async def test_a_body_that_cannot_be_read_is_still_accounted_for(rig: StageRig, body: bytes) -> None:
    stage = Toy()
    await rig.run(stage, message(body=body))
    (report,) = await rig.reports()
    assert report.counts == {"failed": 3}
    assert report.reasons == {"unreadable_body": 3}
    assert stage.prepared == 0


async def test_a_passing_failure_is_tried_again(rig: StageRig) -> None:
    stage = Toy([RetryLaterError("429", delay=0.05), RetryLaterError("500", delay=0.05)])
    await rig.run(stage, message())
    assert stage.prepared == ATTEMPTS
    assert [r.outcome for r in await rig.reports()] == ["ok"]


async def test_a_failure_that_does_not_pass_is_set_aside_after_the_last_attempt(rig: StageRig) -> None:
    stage = Toy([RetryLaterError("429", delay=0.05)] * ATTEMPTS)
    await rig.run(stage, message())
    (report,) = await rig.reports()
    assert report.reasons == {"attempts_exhausted": 3}
    assert report.error is not None
    assert "429" in report.error


async def test_an_error_of_our_own_is_tried_again_before_it_is_set_aside(
    rig: StageRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("common.messaging.runner._UNEXPECTED_DELAY", 0.05)
    await rig.run(Toy([ValueError("bug")] * ATTEMPTS), message())
    (report,) = await rig.reports()
    assert report.reasons == {"attempts_exhausted": 3}
    assert "ValueError: bug" in str(report.error)


async def test_trouble_of_the_infrastructure_counts_no_attempt(rig: StageRig) -> None:
    stage = Toy([BrokerUnavailableError("gone")] * (ATTEMPTS + 2))
    await rig.run(stage, message())
    assert [r.outcome for r in await rig.reports()] == ["ok"]
    assert stage.prepared == ATTEMPTS + 3


async def test_what_a_crash_left_unsent_is_sent_by_the_relay_once(rig: StageRig) -> None:
    left = message()
    async with rig.engine.begin() as conn:
        await rig.outbox.add(conn, [left])
    assert await send_unsent(rig.broker, rig.engine, rig.outbox) == 0, "its sender may still be at it"
    async with rig.engine.begin() as conn:
        await conn.execute(sa.text("UPDATE enricher.outbox SET next_at = now()"))
    assert await send_unsent(rig.broker, rig.engine, rig.outbox) == 1
    assert await send_unsent(rig.broker, rig.engine, rig.outbox) == 0
    assert len(await rig.rows("SELECT 1 FROM broker.message WHERE queue = 'enricher.postings'")) == 1


async def test_rows_of_ended_work_are_purged_after_their_time(rig: StageRig) -> None:
    await rig.run(Toy(), message())
    async with rig.engine.begin() as conn:
        await rig.outbox.purge(conn)
    assert len(await rig.rows("SELECT 1 FROM enricher.inbox")) == 1
    async with rig.engine.begin() as conn:
        await conn.execute(sa.text("UPDATE enricher.inbox SET handled_at = :then"), {"then": _old()})
        await conn.execute(sa.text("UPDATE enricher.outbox SET sent_at = :then"), {"then": _old()})
        await rig.outbox.purge(conn)
    assert not await rig.rows("SELECT 1 FROM enricher.inbox UNION ALL SELECT 1 FROM enricher.outbox")


def _old() -> datetime:
    return datetime.now(UTC) - timedelta(days=31)
