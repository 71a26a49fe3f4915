"""Time of finding duplicates: `python benchmarks/duplicates.py [--database URL] [--stored N]`."""

# Prints one JSON line: seconds for 10,000 postings of 500 words in memory (median of five, one core) and, with a
# database (a scratch one: its schema `normalizer` is replaced), milliseconds a posting for pages of 100 that bring jobs
# which another source has brought before, among N stored rows. Of those N only the rows of `duplicate` are there.

import argparse
import asyncio
import json
import random
import statistics
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

import sqlalchemy as sa
import yaml
from sqlalchemy.ext.asyncio import AsyncConnection

from common.contracts import Clustered, Headers, Place, Posting, PostingsCollected, SourcePosting
from common.database import create_engine
from common.messaging.rule_sets import RuleSets
from common.settings import config_path
from normalizer.domain.clusters import Clusters
from normalizer.domain.dedupe_rules import dedupe_rules_from
from normalizer.domain.listing import Reader
from normalizer.handlers import NormalizePostings
from normalizer.store import PostingStore
from normalizer.store.duplicates import DuplicateStore
from normalizer.store.rule_files import PARSERS
from normalizer.store.rule_files import load_rules as normalizer_rules
from normalizer.tables import metadata
from sources.companies.names import CompanyNames
from sources.companies.rules import load_rules
from sources.registry import register
from sources.terms import Terms

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
ROLES = (
    "Software Engineer",
    "Data Scientist",
    "Nurse",
    "Account Executive",
    "Accountant",
    "Designer",
    "Welder",
    "Baker",
)
LEVELS, TAILS = ("", "Senior ", "Junior "), ("", " (m/w/d)", " - Remote", ", Payments")
PLACES = ("Berlin, Germany", "Austin, TX", "London, UK", "Paris, France")
_letters = random.Random(1)
VOCABULARY = ["".join(_letters.choices("eariotnslcudpmhgbfywkvxzjq", k=_letters.randint(2, 10))) for _ in range(5000)]
FILLED_AT_ONCE = 50_000
FILL = (
    "INSERT INTO normalizer.duplicate (hash_key, cluster_id, block, text_block, fingerprint, rules_version,"
    " run_id, dwh_load_timestamp) SELECT k, k, md5('b' || n / 3)::uuid, md5('t' || n / 2)::uuid, md5('f' || n)::uuid,"
    " '1', 'fill', now()"
    " FROM (SELECT n, md5(n::text)::uuid AS k FROM generate_series(CAST(:low AS int), CAST(:high AS int)) AS n) AS f"
)


def body(rng: random.Random) -> str:
    """500 words."""
    return " ".join(rng.choices(VOCABULARY, k=500))


def job(rng: random.Random) -> tuple[str, str, str]:
    """Company, title and place."""
    company = f"Company {rng.randint(1, 1500)} {rng.choice(('GmbH', 'Inc.', 'Ltd'))}"
    return company, rng.choice(LEVELS) + rng.choice(ROLES) + rng.choice(TAILS), rng.choice(PLACES)


def postings(count: int) -> Iterator[tuple[str, str, str, str]]:
    """Company, title, place and body; about a quarter is there again: as it is, with a preface, or cut off."""
    rng = random.Random(2)
    for _ in range(count):
        named, text = job(rng), body(rng)
        yield (*named, text)
        match rng.randrange(16):
            case 0 | 1:
                yield (*named, text)
            case 2:
                yield (*named, f"{' '.join(rng.choices(VOCABULARY, k=30))} {text}")
            case 3:
                yield (*named, text[:490] + "…")


def reader() -> Reader:
    """By the rules in `config/`."""
    rules = dedupe_rules_from(yaml.safe_load(config_path("dedupe.yml").read_text()))
    return Reader(rules, CompanyNames(load_rules().names))


def in_memory(given: Sequence[tuple[str, str, str, str]]) -> tuple[float, int]:
    """Processor seconds for all of them, and the number of clusters."""
    started = time.process_time()
    read, references = reader(), [str(number) for number in range(len(given))]
    clusters = Clusters(read.rules)
    for reference, (company, title, place, text) in zip(references, given, strict=True):
        clusters.add(read.listing(reference, "benchmark", company, title, [place], text))
    found = {clusters.cluster_of(reference) for reference in references}
    return time.process_time() - started, len(found)


class Board:
    """A source whose items are numbers; the same number is the same job on every board, in a little other words."""

    terms = Terms()

    def __init__(self, name: str, preface: str) -> None:
        self.name, self._preface = name, preface

    def map_to_common(self, item: int, feed: str = "") -> SourcePosting:
        """The posting of this number."""
        rng = random.Random(item)
        company, title, place = job(rng)
        return SourcePosting(
            source_job_id=str(item), title=f"{title} {self._preface}", company=company, places=[Place(text=place)],
            description_text=f"{self._preface} {body(rng)}",
        )  # fmt: skip


class Timed(DuplicateStore):
    """Counts the time of each page."""

    def __init__(self, read: Reader) -> None:
        super().__init__(read)
        self.pages: list[float] = []

    async def settle(
        self, conn: AsyncConnection, postings: Sequence[Posting], run_id: str, now: datetime, *, again: bool = False
    ) -> list[Clustered]:
        """As it is."""
        started = time.perf_counter()
        settled = await super().settle(conn, postings, run_id, now, again=again)
        self.pages.append((time.perf_counter() - started) * 1000 / len(postings))
        return settled


async def stored(url: str, rows: int, pages: int = 20) -> dict[str, Any]:
    """Milliseconds a posting for jobs that nobody has, and for jobs that another board has brought."""
    boards = (Board("lever", ""), Board("jsearch", "(m/f/d)"))
    for board in boards:
        register(board)  # type: ignore[arg-type]  # all that the normalizer needs of a source
    engine = create_engine(url, role_application="benchmark", pool_size=2)
    async with engine.begin() as conn:
        await conn.execute(sa.text("DROP SCHEMA IF EXISTS normalizer CASCADE"))
        await conn.execute(sa.text("CREATE SCHEMA normalizer"))
        await conn.run_sync(metadata.create_all)
        for low in range(1, rows + 1, FILLED_AT_ONCE):
            await conn.execute(sa.text(FILL), {"low": low, "high": min(rows, low + FILLED_AT_ONCE - 1)})
        # As the server itself does soon after so many rows; until then it takes the table for an empty one.
        await conn.execute(sa.text("ANALYZE normalizer.duplicate"))
    rules = RuleSets("normalizer", PARSERS, normalizer_rules)
    await rules.open(engine)
    result: dict[str, Any] = {"stored": rows}
    async with engine.connect() as conn:
        for board, name in zip(boards, ("first_ms", "again_ms"), strict=True):
            stage, timed = NormalizePostings(PostingStore(), rules), Timed(reader())
            # Only the time of this part is wanted.
            with patch("normalizer.handlers.postings.DuplicateStore", return_value=timed):
                for page in range(pages):
                    await _page(conn, stage, board.name, list(range(page * 100, page * 100 + 100)))
            result[name] = round(statistics.median(timed.pages), 3)
        merged = await conn.execute(sa.text("SELECT count(*) FROM normalizer.duplicate WHERE matched IS NOT NULL"))
        result["matched"] = merged.scalar_one()
    await engine.dispose()
    return result


async def _page(conn: AsyncConnection, stage: NormalizePostings, source: str, items: list[Any]) -> None:
    headers = Headers(event_id="", event_type="", run_id="r", unit_id="", stage="normalize", first_at=NOW, sha256="")
    event = PostingsCollected(source=source, feed="", page=1, archive_key="k", collected_at=NOW, items=items)
    prepared = await stage.prepare(headers, event)
    async with conn.begin():
        await stage.apply(conn, headers, event, prepared)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", help="URL of a scratch database on this machine")
    parser.add_argument("--stored", type=int, default=1_000_000)
    arguments = parser.parse_args()
    given = list(postings(10_000))[:10_000]
    times = [in_memory(given) for _ in range(5)]
    result: dict[str, Any] = {"postings": len(given), "clusters": times[0][1]}
    result["seconds"] = round(statistics.median(seconds for seconds, _ in times), 3)
    if arguments.database:
        result |= asyncio.run(stored(arguments.database, arguments.stored))
    print(json.dumps(result))


if __name__ == "__main__":
    main()
