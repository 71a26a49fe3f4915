"""The stage on a real database: what it keeps, sends on, reuses and sets aside."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import msgspec
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from common.contracts import Headers, Job, Posting, PostingsEnriched, PostingsNormalized
from common.database import create_engine
from common.messaging.unit import Finished
from common.testing.postgres import Database
from enricher.domain.enrich import Enricher, Enrichment
from enricher.handlers import EnrichPostings
from enricher.store.enrichments import EnrichmentStore
from enricher.store.rule_files import load_rules
from enricher.tables import enrichment, posting_enrichment
from tests.support.enrichment import posting
from tests.support.rules import FixedRules

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
HEADERS = Headers(
    event_id="e", event_type="t", run_id="r", unit_id="u", stage="enrich", first_at=NOW, sha256=""
)  # fmt: skip
BODY = "We use Python, Go and PostgreSQL. Salary: $120,000 - $150,000 a year."


class Counting(Enricher):
    """Counts what it reads, and fails on one title."""

    def __init__(self) -> None:
        super().__init__(load_rules())
        self.read_titles: list[str] = []

    def read_all(self, postings: Sequence[Posting]) -> list[Enrichment]:
        self.read_titles += [posting.title for posting in postings]
        if any(posting.title == "Broken" for posting in postings):
            raise ZeroDivisionError("a bug")
        return super().read_all(postings)


@dataclass
class Stage:
    """The stage, run as the runner runs it."""

    engine: AsyncEngine
    enricher: Counting
    store: EnrichmentStore = field(default_factory=EnrichmentStore)

    async def __call__(self, *postings: Posting) -> tuple[Finished, list[Job]]:
        """One unit in a transaction of its own: how it ended, and the jobs it sent on."""
        stage = EnrichPostings(self.engine, self.store, FixedRules(self.enricher), now=lambda: NOW)
        event = PostingsNormalized(postings=list(postings))
        prepared = await stage.prepare(HEADERS, event)
        async with self.engine.begin() as conn:
            finished = await stage.apply(conn, HEADERS, event, prepared)
        jobs = [job for c in finished.children if isinstance(c.event, PostingsEnriched) for job in c.event.jobs]
        return finished, jobs

    async def rows(self, table: sa.Table) -> int:
        """How many rows the table has."""
        async with self.engine.connect() as conn:
            return (await conn.execute(sa.select(sa.func.count()).select_from(table))).scalar_one()


@pytest.fixture(scope="module")
def enricher() -> Counting:
    return Counting()


@pytest.fixture
async def stage(database: Database, enricher: Counting) -> AsyncIterator[Stage]:
    enricher.read_titles.clear()
    engine = create_engine(database.url("enricher"), role_application="test")
    yield Stage(engine, enricher)
    await engine.dispose()


def numbered(number: int, **fields: object) -> Posting:
    values = {"hash_key": f"{number:032x}", "content_hash": f"{number + 1000:032x}", "outcome": "new"} | fields
    return posting(f"Engineer {number}", BODY, "Austin, TX", **values)


async def test_a_batch_is_kept_and_sent_on(stage: Stage) -> None:
    finished, jobs = await stage(*(numbered(n) for n in range(100)))
    assert (finished.counts, finished.quarantined) == ({}, [])
    assert [c.postings for c in finished.children] == [100]
    assert [j.hash_key for j in jobs] == [f"{n:032x}" for n in range(100)]
    assert jobs[0].skills == ["go", "postgresql", "python"]
    assert (await stage.rows(enrichment), await stage.rows(posting_enrichment)) == (100, 100)


async def test_the_same_content_under_the_same_rules_is_not_read_again(stage: Stage) -> None:
    _, first = await stage(numbered(1))
    _, second = await stage(numbered(1, outcome=None))
    assert stage.enricher.read_titles == ["Engineer 1"]
    assert second[0].skills == first[0].skills
    assert second[0].salary == first[0].salary


async def test_only_postings_whose_outcome_is_open_are_counted_on(stage: Stage) -> None:
    finished, jobs = await stage(numbered(1), numbered(2, outcome=None), numbered(3, outcome="updated", closed=True))
    assert [c.postings for c in finished.children] == [2]
    assert [j.closed for j in jobs] == [False, False, True]


async def test_long_texts_are_read_a_few_at_a_time_so_that_others_have_their_turn(stage: Stage) -> None:
    turns: list[int] = []

    async def others() -> None:
        while True:
            turns.append(len(stage.enricher.read_titles))
            await asyncio.sleep(0)

    watching = asyncio.create_task(others())
    long = [
        posting(f"Engineer {n}", "Java. " * 25_000, hash_key=f"{n:032x}", content_hash=f"{n:032x}") for n in range(5)
    ]
    _, jobs = await stage(*long)
    watching.cancel()
    assert len(jobs) == 5
    assert {2, 4} <= set(turns)


async def test_postings_of_one_content_are_read_once(stage: Stage) -> None:
    finished, jobs = await stage(numbered(1), numbered(2, content_hash=f"{1001:032x}"))
    assert [j.skills for j in jobs] == [["go", "postgresql", "python"]] * 2
    assert stage.enricher.read_titles == ["Engineer 1"]
    assert finished.quarantined == []


async def test_one_bad_posting_does_not_harm_the_others(stage: Stage) -> None:
    bad = posting("Broken", hash_key="b" * 32, content_hash="c" * 32, outcome="new")
    finished, jobs = await stage(numbered(1), bad, numbered(2))
    assert [j.title for j in jobs] == ["Engineer 1", "Engineer 2"]
    assert (finished.counts, finished.reasons) == ({"failed": 1}, {"enrich_error": 1})
    (aside,) = finished.quarantined
    assert (aside.reason, aside.reference, aside.item) == ("enrich_error", bad.hash_key, bad)
    assert "ZeroDivisionError" in aside.error
    assert await stage.rows(posting_enrichment) == 2


async def test_a_refresh_that_fails_is_set_aside_but_not_counted(stage: Stage) -> None:
    finished, jobs = await stage(posting("Broken"))
    assert (finished.counts, finished.children, jobs) == ({}, [], [])
    assert len(finished.quarantined) == 1


async def test_a_late_old_version_does_not_overwrite_a_newer_one(stage: Stage) -> None:
    key = f"{7:032x}"
    await stage(numbered(7, version=3, content_hash="3" * 32))
    await stage(numbered(7, version=2, content_hash="2" * 32))
    async with stage.engine.connect() as conn:
        found = await stage.store.of_posting(conn, key)
    assert found is not None
    assert found.version == 3


async def test_two_versions_in_one_batch_leave_the_later_one(stage: Stage) -> None:
    _, jobs = await stage(numbered(7, version=5), numbered(7, version=4, content_hash="4" * 32))
    assert [j.version for j in jobs] == [5, 4]
    async with stage.engine.connect() as conn:
        found = await stage.store.of_posting(conn, f"{7:032x}")
    assert found is not None
    assert found.version == 5


async def test_stored_values_come_back_as_they_were_with_evidence(stage: Stage) -> None:
    one = numbered(1)
    await stage(one)
    async with stage.engine.connect() as conn:
        found = await stage.store.of_posting(conn, one.hash_key)
    assert found is not None
    assert found.values == stage.enricher.read(one)
    assert found.values.evidence
    assert found.read_at == NOW


async def test_an_empty_batch_ends_quietly(stage: Stage) -> None:
    finished, jobs = await stage()
    assert (finished.counts, finished.children, jobs) == ({}, [], [])


async def test_a_posting_that_is_over_is_not_read_again_whatever_the_rules_have_become(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, (before,) = await stage(posting("Engineer", BODY))
    stage.enricher.read_titles.clear()
    monkeypatch.setattr(stage.enricher, "rules_version", "tomorrow")
    ended = msgspec.structs.replace(posting("Engineer", BODY), version=2, closed=True, state="closed", outcome=None)
    _, (job,) = await stage(ended)
    assert stage.enricher.read_titles == []
    assert (job.version, job.state, job.closed) == (2, "closed", True)
    assert (job.skills, job.rules_version) == (before.skills, before.rules_version)
