"""CPU per posting of the normalizer: `python benchmarks/normalize.py [--database URL] [--postings N]`."""

# Prints one JSON line: µs of cleaning and, with a database (a scratch one: its schema `normalizer` is replaced), µs of
# our process and of PostgreSQL's backend for new and for unchanged postings in pages of 100. `calibration_us` tells how
# fast the machine is at the moment.

import argparse
import asyncio
import json
import os
import random
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import yaml
from sqlalchemy.ext.asyncio import AsyncConnection

from common.contracts import Headers, OfferedPay, Place, PostingsCollected, SourcePosting
from common.database import create_engine
from common.messaging.rule_sets import RuleSets
from common.settings import config_path
from normalizer.domain.canonical import FIELDS
from normalizer.domain.page import normalize
from normalizer.domain.quality import rules_from
from normalizer.handlers import NormalizePostings
from normalizer.store import PostingStore
from normalizer.store.rule_files import PARSERS, load_rules
from normalizer.tables import metadata
from sources.registry import register

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
WORDS = (  # as in prose: short words with few repeats
    "we", "build", "data", "systems", "with", "python", "and", "sql", "for", "teams", "who", "care", "about",
    "quality", "at", "scale", "in", "the", "cloud", "every", "day",
)  # fmt: skip
TICK = os.sysconf("SC_CLK_TCK")


class Synthetic:
    """A source whose items are numbers; each becomes a posting with a body of about 4 KB of HTML."""

    name = "synthetic"

    def map_to_common(self, item: int, feed: str = "") -> SourcePosting:
        """The posting of this number, always the same."""
        rng = random.Random(item)
        paragraphs = (" ".join(rng.choices(WORDS, k=45)) for _ in range(12))
        body = "".join(f"<p><strong>About</strong> {text}</p>\n" for text in paragraphs)
        bullets = "".join(f"<li>{' '.join(rng.choices(WORDS, k=8))} &amp; more</li>" for _ in range(12))
        return SourcePosting(
            source_job_id=str(item),
            title=f"Engineer {item % 977} (m/f/d)",
            company=f"Company {item // 7}",
            url=f"https://jobs.example.com/{item}?utm_source=x",
            apply_url=f"https://jobs.example.com/{item}/apply",
            description_html=f'<div>{body}<ul>{bullets}</ul><a href="/about">us</a></div>',
            places=[Place(text="Toronto, ON", city="Toronto", region="ON", country="ca")],
            employment_types=["Full-time"],
            tags=["python", "sql"],
            pay=OfferedPay(text="$100k"),
            posted_at=NOW - timedelta(days=item % 30),
        )


def calibration() -> float:
    """µs that this machine needs now to collapse the white space of 4 KB: 21 where docs' figures were measured."""
    text = "hello world foo bar " * 200
    best = float("inf")
    for _ in range(20):
        started = time.process_time()
        for _ in range(50):
            " ".join(text.split())
        best = min(best, (time.process_time() - started) / 50)
    return best * 1e6


def clean_cost(numbers: range) -> float:
    """µs per posting for cleaning, gate, identity and digest; the best of three."""
    rules = rules_from(yaml.safe_load(config_path("dq.yml").read_text()), FIELDS)
    postings = [Synthetic().map_to_common(number) for number in numbers]
    best = float("inf")
    for _ in range(3):
        started = time.process_time()
        page = normalize(postings, lambda item: item, "synthetic", NOW, rules)
        best = min(best, time.process_time() - started)
    assert len(page.records) == len(numbers), page.turned_away[:1]
    return best / len(numbers) * 1e6


def _backend_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


async def merge_cost(url: str, numbers: range) -> dict[str, float]:
    """µs per posting of `apply`, in our process and in the backend, for a first and a second run."""
    register(Synthetic())  # type: ignore[arg-type]  # all that the normalizer needs of a source
    engine = create_engine(url, role_application="benchmark", pool_size=1)
    async with engine.begin() as conn:
        await conn.execute(sa.text("DROP SCHEMA IF EXISTS normalizer CASCADE"))
        await conn.execute(sa.text("CREATE SCHEMA normalizer"))
        await conn.run_sync(metadata.create_all)
    costs: dict[str, float] = {}
    rules = RuleSets("normalizer", PARSERS, load_rules)
    await rules.open(engine)
    stage = NormalizePostings(PostingStore(), rules)
    async with engine.connect() as conn:
        pid = (await conn.execute(sa.text("SELECT pg_backend_pid()"))).scalar_one()
        await conn.commit()
        for run in ("new", "unchanged"):
            ours, theirs = 0.0, _backend_seconds(pid)
            for start in range(0, len(numbers), 100):
                ours += await _page(conn, stage, run, numbers[start : start + 100])
            costs[f"{run}_client_us"] = round(ours / len(numbers) * 1e6, 1)
            costs[f"{run}_server_us"] = round((_backend_seconds(pid) - theirs) / len(numbers) * 1e6, 1)
    await engine.dispose()
    return costs


async def _page(conn: AsyncConnection, stage: NormalizePostings, run: str, numbers: range) -> float:
    headers = Headers(event_id="", event_type="", run_id=run, unit_id="", stage="normalize", first_at=NOW, sha256="")
    items: list[Any] = list(numbers)
    event = PostingsCollected(
        source="synthetic", feed="", page=1, archive_key="k" * 60, collected_at=NOW + timedelta(days=run != "new"),
        items=items,
    )  # fmt: skip
    prepared = await stage.prepare(headers, event)
    started = time.process_time()
    async with conn.begin():
        await stage.apply(conn, headers, event, prepared)
    return time.process_time() - started


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", help="URL of a scratch database on this machine")
    parser.add_argument("--postings", type=int, default=5000)
    arguments = parser.parse_args()
    numbers = range(arguments.postings)
    result = {
        "postings": arguments.postings,
        "calibration_us": round(calibration(), 1),
        "clean_us": round(clean_cost(numbers[:2000]), 1),
    }
    if arguments.database:
        result |= asyncio.run(merge_cost(arguments.database, numbers))
    print(json.dumps(result))


if __name__ == "__main__":
    main()
