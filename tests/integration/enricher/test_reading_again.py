"""A replay under other rules: what the text says now goes on, what is known already does not, all of it is reported."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from common.contracts import Headers, Job, Posting, PostingsEnriched, PostingsNormalized, ReplayMode
from common.database import create_engine
from common.messaging.differences import DifferenceStore
from common.messaging.rule_sets import RuleSets
from common.messaging.unit import Finished
from common.settings import config_path
from common.settings.rule_files import RuleFiles
from common.testing.postgres import Database
from enricher.domain.enrich import Enricher, Enrichment
from enricher.handlers import EnrichPostings
from enricher.store.enrichments import EnrichmentStore
from enricher.store.rule_files import PARSERS, load_rules
from enricher.tables import enrichment, posting_enrichment
from tests.support.enrichment import posting
from tests.support.rules import FixedRules

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
HEADERS = Headers(event_id="e", event_type="t", run_id="replay-1", unit_id="u", stage="enrich", first_at=NOW, sha256="")
READER = Enricher(load_rules())


class Tomorrow(Enricher):
    """Rules of another day: those who use Kubernetes are seniors."""

    def __init__(self) -> None:
        self.__dict__.update(READER.__dict__, rules_version="tomorrow")

    def read_all(self, postings: Sequence[Posting]) -> list[Enrichment]:
        if any(posting.title == "Broken" for posting in postings):
            raise ZeroDivisionError("a bug")
        return [
            msgspec.structs.replace(found, seniority="senior") if "kubernetes" in found.skills else found
            for found in super().read_all(postings)
        ]


@pytest.fixture
async def engine(database: Database) -> AsyncIterator[AsyncEngine]:
    engine = create_engine(database.url("enricher"), role_application="enricher")
    yield engine
    await engine.dispose()


async def read(
    engine: AsyncEngine, enricher: Enricher, *postings: Posting, replay: ReplayMode | None
) -> tuple[Finished, list[Job]]:
    stage = EnrichPostings(engine, EnrichmentStore(), FixedRules(enricher), now=lambda: NOW)
    event = PostingsNormalized(postings=list(postings), replay=replay)
    prepared = await stage.prepare(HEADERS, event)
    async with engine.begin() as conn:
        finished = await stage.apply(conn, HEADERS, event, prepared)
    return finished, [j for c in finished.children if isinstance(c.event, PostingsEnriched) for j in c.event.jobs]


async def counts(engine: AsyncEngine) -> list[int]:
    async with engine.connect() as conn:
        return [
            (await conn.execute(sa.select(sa.func.count()).select_from(t))).scalar_one()
            for t in (enrichment, posting_enrichment)
        ]


def three() -> list[Posting]:
    """One that reads otherwise tomorrow, one that does not, one that the replay has changed."""
    return [
        posting("Developer", "We use Kubernetes.", hash_key="1" * 32, content_hash="1" * 32),
        posting("Developer", "We use Python.", hash_key="2" * 32, content_hash="2" * 32),
        posting("Developer", "We use Rust.", hash_key="3" * 32, content_hash="3" * 32, outcome="updated"),
    ]


async def test_only_what_says_something_else_goes_on(engine: AsyncEngine) -> None:
    await read(engine, READER, *three(), replay=None)
    finished, jobs = await read(engine, Tomorrow(), *three(), replay="apply")
    assert sorted((j.hash_key[0], j.seniority, j.outcome) for j in jobs) == [
        ("1", "senior", None), ("3", None, "updated")
    ]  # fmt: skip
    assert [c.postings for c in finished.children] == [1]
    (found,) = await differences(engine)
    assert (found["field"], found["postings"], found["rules_version"]) == ("seniority", 1, "tomorrow")
    assert found["examples"] == [{"hash_key": "1" * 32, "before": None, "after": "senior"}]
    assert (await read(engine, Tomorrow(), *three()[:2], replay="apply"))[1] == []


async def test_a_dry_run_keeps_and_sends_nothing_and_counts_all(engine: AsyncEngine) -> None:
    await read(engine, READER, *three(), replay=None)
    before = await counts(engine)
    broken = posting("Broken", "We use Kubernetes.", hash_key="4" * 32, content_hash="4" * 32, outcome="new")
    finished, _ = await read(engine, Tomorrow(), *three(), broken, replay="dry_run")
    assert (finished.children, finished.quarantined) == ([], [])
    assert finished.counts == {"updated": 1, "failed": 1}
    assert await counts(engine) == before
    assert [row["field"] for row in await differences(engine)] == ["seniority"]


async def differences(engine: AsyncEngine) -> list[dict[str, Any]]:
    async with engine.connect() as conn:
        return await DifferenceStore("enricher").of_run(conn, "replay-1")


async def test_a_replay_reads_by_the_set_that_it_tries(engine: AsyncEngine) -> None:
    seniority = config_path("taxonomy/seniority.yml").read_bytes()
    files = RuleFiles({"taxonomy/seniority.yml": seniority + b"# the same in other words\n"})
    rules = RuleSets("enricher", PARSERS, lambda files: Tomorrow() if files.changed else READER)
    await rules.open(engine)
    await rules.add(files)
    await read(engine, READER, *three(), replay=None)
    stage = EnrichPostings(engine, EnrichmentStore(), rules, now=lambda: NOW)
    event = PostingsNormalized(postings=three(), replay="dry_run")
    for rule_set, version in (("", READER.rules_version), (files.version, "tomorrow")):
        prepared = await stage.prepare(msgspec.structs.replace(HEADERS, rule_set=rule_set), event)
        assert prepared.rules_version == version
