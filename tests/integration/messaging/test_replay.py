"""The stage `replay`: what was set aside goes through its stage again once, and the books of the replay balance."""

import asyncio
import hashlib
import uuid
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from common.contracts import (
    REGISTRY,
    Event,
    Headers,
    PageRequested,
    PostingsCollected,
    PostingsEnriched,
    PostingsNormalized,
    PostingsRanked,
    ReplayRequested,
    UnitFinished,
    decode,
    encode,
    event_id,
    postings_in,
    registered,
    unit_id,
)
from common.messaging.control import Control
from common.messaging.outbox import outgoing, root_headers
from common.messaging.postgres import PostgresBroker
from common.messaging.protocol import FOREIGN, Outgoing
from common.messaging.quarantine import Quarantine, Selection
from common.messaging.replay import MOST_ENTRIES, ReplayQuarantined
from common.messaging.reports import template_of
from common.messaging.unit import Quarantined
from common.testing.postgres import Database
from tests.fuzz.events import example
from tests.integration.messaging.stage_rig import StageRig, stage_rig
from tests.support.enrichment import posting

SERVICE = "enricher"
QUARANTINE = Quarantine(SERVICE)
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
UNITS = [r.event for r in REGISTRY if r.stage]
BATCHES = [PostingsCollected, PostingsNormalized, PostingsEnriched]
#: Of the examples: how many outcomes they still owe to the books.
OPEN = {PostingsCollected: 3, PostingsNormalized: 1, PostingsEnriched: 1, PostingsRanked: 1}


@pytest.fixture
async def rig(database: Database) -> AsyncIterator[StageRig]:
    async with stage_rig(database, SERVICE) as rig:
        yield rig


def headers_of(event: Event, unit: str = "u", sha256: str | None = None) -> Headers:
    kind = registered(event.event_type)
    return Headers(
        event_id=event_id("old", unit, event.event_type), event_type=event.event_type, run_id="old", unit_id=unit,
        stage=str(kind.stage), first_at=NOW, sha256=sha256 or encode(event)[1], postings=OPEN.get(type(event), 0),
    )  # fmt: skip


async def set_aside(rig: StageRig, headers: Headers, body: bytes | None, *items: Quarantined) -> None:
    async with rig.engine.begin() as conn:
        await QUARANTINE.set_aside(conn, headers, items or [Quarantined("killer", "why")], body)


async def ids(rig: StageRig, state: str = "open") -> list[str]:
    rows = await rig.rows("SELECT id, state FROM enricher.quarantine ORDER BY id")
    return [str(row.id) for row in rows if row.state == state]


def request(run_id: str, entries: list[str]) -> Outgoing:
    root = unit_id("replay", run_id)
    event = ReplayRequested(run_id=run_id, service=SERVICE, quarantine_ids=entries)
    return outgoing(event, root_headers(run_id, root, "replay", "c", NOW), root, "replay")


async def replay(rig: StageRig, run_id: str, entries: list[str]) -> UnitFinished:
    await rig.run(ReplayQuarantined(SERVICE, rig.engine), request(run_id, entries))
    return next(r for r in await rig.reports() if r.run_id == run_id)


async def sent(rig: StageRig, kind: type[Event]) -> list[tuple[Headers, Any]]:
    """Events of this kind in queues, one each."""
    rows = await rig.rows("SELECT DISTINCT ON (headers->>'event_id') headers, body FROM broker.message")
    found = [(msgspec.convert(row.headers, Headers), row.body) for row in rows]
    return [(h, decode(kind, body, h.sha256)) for h, body in found if h.event_type == kind.event_type]


@pytest.mark.parametrize("kind", UNITS)
async def test_a_whole_message_is_sent_again_in_the_run_of_the_replay(rig: StageRig, kind: type[Event]) -> None:
    event = example(kind)
    if isinstance(event, ReplayRequested):
        event = msgspec.structs.replace(event, quarantine_ids=[])
    await set_aside(rig, headers_of(event), encode(event)[0])
    report = await replay(rig, "again", await ids(rig))
    assert (report.fetched, report.counts) == (OPEN.get(kind, 0), {})
    (child,) = report.children
    assert (child.stage, child.postings) == (registered(kind.event_type).stage, report.fetched)
    headers, found = next(m for m in await sent(rig, kind) if m[0].unit_id == child.unit_id)
    assert (headers.run_id, headers.postings) == ("again", report.fetched)
    named = {"run_id": "again"} if registered(kind.event_type).stage in ("start", "fetch", "replay") else {}
    assert found == msgspec.structs.replace(event, **named)
    (row,) = await rig.rows("SELECT state, replay_run_id, run_id FROM enricher.quarantine")
    assert tuple(row) == ("replayed", "again", "old")
    (audit,) = await rig.rows("SELECT action, run_id FROM enricher.quarantine_audit")
    assert tuple(audit) == ("replayed", "again")


@pytest.mark.parametrize("kind", [r.event for r in REGISTRY if r.aside])
async def test_side_work_is_sent_again_beside_the_books_of_the_replay(rig: StageRig, kind: type[Event]) -> None:
    event = example(kind)
    first, second = (msgspec.structs.replace(headers_of(event, unit), stage="") for unit in ("one", "two"))
    await set_aside(rig, first, encode(event)[0])
    await set_aside(rig, second, encode(event)[0])
    report = await replay(rig, "again", await ids(rig))
    assert (report.outcome, report.children, report.fetched) == ("ok", [], 0)
    found = [(headers.run_id, headers.stage, again) for headers, again in await sent(rig, kind)]
    assert found == [("again", "", event)] * 2
    assert len(await ids(rig, "replayed")) == 2


@pytest.mark.parametrize("kind", BATCHES)
async def test_postings_of_one_message_are_put_together_again(rig: StageRig, kind: type[Event]) -> None:
    event = example(kind)
    items = [Quarantined("enrich_error", "why", p, "where") for p in postings_in(event)]
    await set_aside(rig, headers_of(event), template_of(event), *items)
    report = await replay(rig, "again", await ids(rig))
    assert (report.fetched, [c.postings for c in report.children]) == (OPEN[kind], [OPEN[kind]])
    ((_, found),) = await sent(rig, kind)
    assert sorted(map(repr, postings_in(found))) == sorted(map(repr, postings_in(event)))
    assert msgspec.structs.replace(found, **{_list_of(kind): postings_in(event)}) == event


def _list_of(kind: type[Event]) -> str:
    return {PostingsCollected: "items", PostingsNormalized: "postings"}.get(kind, "jobs")


async def test_refreshes_whose_outcome_is_known_are_not_counted_again(rig: StageRig) -> None:
    known, owed = posting("Known", hash_key="a" * 32), posting("Owed", hash_key="b" * 32, outcome="new")
    event = PostingsNormalized(postings=[known, owed])
    items = [Quarantined("enrich_error", "why", p, p.hash_key) for p in event.postings]
    await set_aside(rig, headers_of(event), template_of(event), *items)
    report = await replay(rig, "again", await ids(rig))
    assert (report.fetched, [c.postings for c in report.children]) == (1, [1])


async def test_a_thousand_postings_replayed_three_times_at_once_are_sent_once(rig: StageRig) -> None:
    for unit in range(10):
        postings = [posting(hash_key=f"{unit * 100 + n:032x}", outcome="new") for n in range(100)]
        event = PostingsNormalized(postings=postings)
        items = [Quarantined("enrich_error", "why", p, p.hash_key) for p in postings]
        await set_aside(rig, headers_of(event, f"u{unit}"), template_of(event), *items)
    everything = await ids(rig)
    parts = [everything[n : n + MOST_ENTRIES] for n in range(0, len(everything), MOST_ENTRIES)]
    requests = [request(f"r{n}-{time}", part) for time in range(3) for n, part in enumerate(parts)]
    runners = [rig.runner(ReplayQuarantined(SERVICE, rig.engine)) for _ in range(3)]
    subscriptions = [await runner.start(2) for runner in runners]
    await PostgresBroker(rig.engine).publish(requests + requests[:3])
    await rig.until_empty("enricher.control")
    for subscription in subscriptions:
        await subscription.cancel()
    reports = await rig.reports()
    assert len(reports) == 6
    assert sum(r.fetched for r in reports) == 1000
    assert sum(r.reasons.get("no_longer_open", 0) for r in reports) == 2000
    keys = Counter(p.hash_key for _, event in await sent(rig, PostingsNormalized) for p in event.postings)
    assert (len(keys), set(keys.values())) == (1000, {1})
    assert len(await ids(rig, "replayed")) == 1000
    (audit,) = await rig.rows("SELECT count(*), count(DISTINCT quarantine_id) FROM enricher.quarantine_audit")
    assert tuple(audit) == (1000, 1000)
    named = await rig.rows("SELECT DISTINCT replay_run_id FROM enricher.quarantine")
    assert {r.replay_run_id for r in named} == {r.run_id for r in reports if r.fetched}


async def test_what_cannot_be_read_stays_open_and_is_counted_as_failed(rig: StageRig) -> None:
    event = example(PostingsNormalized)
    garbage = b"garbage"
    await set_aside(rig, headers_of(event, "bad", hashlib.sha256(garbage).hexdigest()), garbage)
    await set_aside(rig, headers_of(event, "lost"), None, Quarantined("enrich_error", "why", None, "page#1"))
    page = example(PageRequested)
    await set_aside(rig, headers_of(page, "odd", hashlib.sha256(garbage).hexdigest()), garbage)
    await set_aside(rig, headers_of(event, "good"), encode(event)[0])
    report = await replay(rig, "again", await ids(rig))
    assert (report.outcome, report.fetched, report.counts) == ("failed", 3, {"failed": 2})
    assert report.reasons == {"still_unreadable": 3}
    assert [c.postings for c in report.children] == [1]
    assert len(await ids(rig)) == 3
    actions = await rig.rows("SELECT action FROM enricher.quarantine_audit ORDER BY id")
    assert Counter(a.action for a in actions) == {"still_unreadable": 3, "replayed": 1}


async def test_what_is_no_unit_of_a_run_or_was_discarded_is_left_alone(rig: StageRig) -> None:
    event = example(PostingsNormalized)
    await set_aside(rig, msgspec.structs.replace(headers_of(event, "foreign"), event_type=FOREIGN), encode(event)[0])
    await set_aside(rig, headers_of(event, "discarded"), encode(event)[0])
    everything = await ids(rig)
    async with rig.engine.begin() as conn:
        rows = await QUARANTINE.entries(conn, Selection(), "open", None, 10)
        gone = [r.id for r in rows if r.unit_id == "discarded"]
        await QUARANTINE.close(conn, await QUARANTINE.take(conn, Selection(gone)), "discarded", because="spam")
    report = await replay(rig, "again", [*everything, str(uuid.uuid4())])
    assert report.children == []
    assert report.reasons["no_longer_open"] == 2
    (foreign,) = await rig.rows("SELECT state FROM enricher.quarantine WHERE event_type = 'foreign'")
    assert foreign.state == "open"


async def test_a_service_replays_only_its_own(rig: StageRig) -> None:
    event = example(PostingsNormalized)
    await set_aside(rig, headers_of(event), encode(event)[0])
    controls = [
        Control(
            service, broker=rig.broker, engine=rig.engine, outbox=rig.outbox,
            replays=rig.runner(ReplayQuarantined(SERVICE, rig.engine)),
        )
        for service in ("ranker", SERVICE)
    ]  # fmt: skip
    subscriptions = []
    for control in controls:
        await PostgresBroker(rig.engine).publish([request("again", await ids(rig))])
        subscriptions.append(await rig.broker.subscribe(control.queue, control))
        await rig.until_empty(control.queue)
        assert len(await rig.reports()) == (control.queue == "enricher.control")
    await asyncio.gather(*(s.cancel() for s in subscriptions))
