"""The normalizer's stage on a real database, fed by a source whose items say what they are."""

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from common.contracts import (
    DuplicatesSettled,
    Event,
    Headers,
    LookRequested,
    Posting,
    PostingsCollected,
    PostingsNormalized,
    ReplayMode,
    SourcePosting,
    decode,
)
from common.database import create_engine
from common.messaging.protocol import Outgoing
from common.messaging.unit import Finished
from common.testing.postgres import PostgresServer
from normalizer.handlers import LookAgain, NormalizePostings
from normalizer.store import PostingStore
from normalizer.store.closing import ClosingStore
from normalizer.store.rule_files import NormalizerRules, load_rules
from normalizer.tables import content, metadata, posting, posting_place, sighting
from sources.errors import MappingError
from sources.registry import register, unregister
from sources.terms import Terms
from tests.support.rules import FixedRules

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
#: Names of real sources, for their places in config/sources.yml: best, second, last.
SOURCES = ("lever", "jsearch", "files")


class Plain:
    """A source whose items are SourcePostings as JSON."""

    terms = Terms()

    def __init__(self, name: str) -> None:
        self.name = name

    def map_to_common(self, item: Any, feed: str = "") -> SourcePosting:
        if not isinstance(item, dict):
            raise MappingError("not_an_object", f"the item is {type(item).__name__}, not an object")
        if item.get("raise"):
            raise RuntimeError("a bug of ours")
        try:
            return msgspec.convert({"company": "Acme", **item}, SourcePosting)
        except msgspec.ValidationError as error:
            raise MappingError("not_a_posting", str(error)) from error


@dataclass
class Normalizer:
    """Runs pages through the stage, each in a transaction of its own, as the runner does."""

    engine: AsyncEngine
    stage: NormalizePostings
    rules: NormalizerRules
    closing: ClosingStore
    #: What pages have asked to be looked at again, and nobody has yet.
    asked: list[LookRequested] = field(default_factory=list)
    sent: list[Posting] = field(default_factory=list)
    #: The cluster of each posting as the others have heard of it, by version.
    told: dict[str, tuple[int, str]] = field(default_factory=dict)
    last: Finished = field(default_factory=Finished)

    async def page(
        self,
        items: Sequence[Any],
        *,
        source: str = SOURCES[0],
        run: str = "run-1",
        at: datetime = NOW,
        page: int = 1,
        feed: str = "",
        replay: ReplayMode | None = None,
        sweep: str | None = None,
    ) -> dict[str, int]:
        """The books of the page: all its items by outcome; what it sent on is added to `sent`."""
        event = PostingsCollected(
            source=source, feed=feed, page=page, archive_key=f"{run}/page={page:04}", collected_at=at,
            items=list(items), replay=replay, sweep_id=sweep,
        )  # fmt: skip
        headers = Headers(
            event_id="", event_type="", run_id=run, unit_id="", stage="normalize", first_at=NOW, sha256="",
            campaign_id="campaign-1", postings=len(items),
        )  # fmt: skip
        prepared = await self.stage.prepare(headers, event)
        async with self.engine.begin() as conn:
            finished = await self.stage.apply(conn, headers, event, prepared)
        self.last = finished
        self.take(finished)
        return balanced(finished, len(event.items))

    def take(self, finished: Finished) -> list[Posting]:
        """What a unit sent on is heard or waits."""
        sent = [p for child in finished.children for p in postings_of(child.event)]
        self.sent += sent
        self.asked += [child.event for child in finished.children if isinstance(child.event, LookRequested)]
        for child in finished.children:
            self.hear(child.event)
        return sent

    async def look_again(self, at: datetime = NOW, most: int = 100) -> list[Posting]:
        """Do what pages have asked for, as units of their runs; what others are told of is returned."""
        told: list[Posting] = []
        stage = LookAgain(PostingStore(), FixedRules(self.rules), lambda: at)
        headers = Headers(event_id="", event_type="", run_id="", unit_id="", stage="look", first_at=NOW, sha256="")
        while self.asked and most:
            asked, most = self.asked.pop(0), most - 1
            prepared = await stage.prepare(headers, asked)
            async with self.engine.begin() as conn:
                told += self.take(await stage.apply(conn, headers, asked, prepared))
        return told

    def hear(self, event: Event) -> None:
        """Take in what is told of clusters, as the gateway does."""
        for said in event.postings if isinstance(event, DuplicatesSettled) else ():
            known = self.told.get(said.hash_key, (0, ""))
            self.told[said.hash_key] = max(known, (said.version, said.cluster_id))

    def receive(self, messages: Iterable[Outgoing]) -> None:
        """Take in what is sent where people have decided about clusters."""
        for message in messages:
            sha256 = message.headers.sha256
            if message.headers.event_type == LookRequested.event_type:
                self.asked.append(decode(LookRequested, message.body, sha256))
            else:
                self.hear(decode(DuplicatesSettled, message.body, sha256))

    async def look(self, at: datetime = NOW + timedelta(hours=1)) -> list[Posting]:
        """Judge the reads that wait and look at what is due, as the watch does; what others are told of is returned."""
        told: list[Posting] = []
        async with self.engine.begin() as conn:
            assert await self.closing.alone(conn)
            while await self.closing.judge_next(conn, at):
                pass
            due = await self.closing.due(conn, at)
            told += [posting for _, posting in await self.closing.look(conn, due, at)]
        self.sent += told
        return told

    def latest(self) -> list[Posting]:
        """Each posting as it was told last."""
        known: dict[str, Posting] = {}
        for said in self.sent:
            if said.hash_key not in known or known[said.hash_key].version < said.version:
                known[said.hash_key] = said
        return [*known.values()]

    async def flags(self) -> list[tuple[str, list[Any]]]:
        """What people should know of each posting."""
        async with self.engine.connect() as conn:
            rows = await conn.execute(sa.select(posting.c.hash_key, posting.c.flags).order_by(posting.c.hash_key))
            return [(row.hash_key.hex, row.flags) for row in rows]

    async def digest(self) -> dict[str, list[Any]]:
        """What the tables say now: open postings, what they show, all sightings; without versions and times."""
        async with self.engine.connect() as conn:
            shown = await conn.execute(
                sa.select(posting.c.hash_key, posting.c.source, posting.c.source_job_id, posting.c.content_hash)
                .where(posting.c.closed_at.is_(None))
                .order_by(posting.c.hash_key)
            )
            seen = await conn.execute(
                sa.select(
                    sighting.c.source, sighting.c.source_job_id, sighting.c.hash_key, sighting.c.content_hash
                ).order_by(sighting.c.source, sighting.c.source_job_id)
            )
            said = await conn.execute(
                sa.select(content.c.hash_key, content.c.source, content.c.source_job_id, content.c.description_html)
                .join_from(content, posting, content.c.hash_key == posting.c.hash_key)
                .where(posting.c.closed_at.is_(None))
                .order_by(content.c.hash_key, content.c.source, content.c.source_job_id)
            )
            places = await conn.execute(
                sa.select(posting_place.c.hash_key, posting_place.c.place_idx, posting_place.c.text)
                .join_from(posting_place, posting)
                .where(posting.c.closed_at.is_(None))
                .order_by(posting_place.c.hash_key, posting_place.c.place_idx)
            )
            tables = {"posting": shown, "sighting": seen, "content": said, "posting_place": places}
            return {name: [tuple(row) for row in result] for name, result in tables.items()}

    async def clear(self) -> None:
        async with self.engine.begin() as conn:
            for table in reversed(metadata.sorted_tables):
                await conn.execute(sa.delete(table))
        self.sent.clear()
        self.asked.clear()
        self.told.clear()


def postings_of(event: object) -> list[Posting]:
    assert isinstance(event, PostingsNormalized | DuplicatesSettled | LookRequested)
    return event.postings if isinstance(event, PostingsNormalized) else []


def balanced(finished: Finished, items: int) -> dict[str, int]:
    """Outcomes of a page: those that ended here and those that travel on its postings; one for each item."""
    counted: dict[str, int] = {str(outcome): number for outcome, number in finished.counts.items()}
    for child in finished.children:
        carried = [p.outcome for p in postings_of(child.event) if p.outcome]
        assert child.postings == len(carried)
        for outcome in carried:
            counted[outcome] = counted.get(outcome, 0) + 1
    assert sum(counted.values()) == items, counted
    return counted


@pytest.fixture(scope="module")
async def engine(postgres_server: PostgresServer) -> AsyncIterator[AsyncEngine]:
    """One database for the tests of a module; each starts with empty tables."""
    async with postgres_server.database() as database:
        engine = create_engine(database.url("normalizer"), role_application="normalizer")
        yield engine
        await engine.dispose()


@pytest.fixture
def plain_sources() -> Iterator[None]:
    """Stand-ins under the names of real sources, until the test ends."""
    for name in SOURCES:
        register(Plain(name))  # type: ignore[arg-type]  # all that the normalizer needs of a source
    yield
    for name in SOURCES:
        unregister(name)


@pytest.fixture
async def real_normalizer(engine: AsyncEngine) -> Normalizer:
    """With the sources as they are."""
    rules = load_rules()
    stage = NormalizePostings(PostingStore(), FixedRules(rules), now=lambda: NOW)
    normalizer = Normalizer(engine, stage, rules, ClosingStore(PostingStore(), rules))
    await normalizer.clear()
    return normalizer


@pytest.fixture
async def normalizer(real_normalizer: Normalizer, plain_sources: None) -> Normalizer:
    """With stand-ins for the sources."""
    return real_normalizer
