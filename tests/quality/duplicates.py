"""Scores which pairs of postings are found to be the same job: `pairs/*.jsonl`."""

import asyncio
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from common.settings import config_path
from enricher.domain.enrich import Enricher
from normalizer.domain.canonical import FIELDS, canonical
from normalizer.domain.clusters import Clusters
from normalizer.domain.dedupe_rules import dedupe_rules_from
from normalizer.domain.listing import Listing, Reader
from normalizer.domain.quality import rules_from
from sources.companies.names import CompanyNames
from sources.companies.rules import load_rules
from sources.registry import adapter_of
from tests.quality.card import Figure, f_score, ratio
from tests.quality.sets import rows
from tests.support.real_items import real_items

PAIRS = Path(__file__).with_name("pairs")
_COLLECTED = datetime(2026, 11, 20, tzinfo=UTC)
_NOTE = "see tests/quality/pairs/README.md; "


def reader() -> Reader:
    """Reads listings by the rules in `config/`."""
    rules = dedupe_rules_from(yaml.safe_load(config_path("dedupe.yml").read_text(encoding="utf-8")))
    return Reader(rules, CompanyNames(load_rules().names))


def own_pairs() -> list[dict[str, Any]]:
    """Our own pairs, each with the `body` of both postings."""
    lines = rows(PAIRS / "own.jsonl")
    bodies = {line["text"]: line["body"] for line in lines if "text" in line}
    pairs = [line for line in lines if "same" in line]
    for posting in (pair[side] for pair in pairs for side in "ab"):
        posting["body"] = _body(posting, bodies.get(posting["text"], ""))
    return pairs


def _body(posting: dict[str, Any], body: str) -> str:
    """The text with what the pair changes: swapped words, a window of it, something before and after."""
    for old, new in posting.get("swap", {}).items():
        assert old in body, old
        body = body.replace(old, new)
    return posting.get("before", "") + body[posting.get("skip", 0) : posting.get("cut")] + posting.get("after", "")


def same_job(reader: Reader, one: Listing, other: Listing) -> bool:
    """Whether the two end in one cluster."""
    clusters = Clusters(reader.rules)
    clusters.add(one)
    clusters.add(other)
    return clusters.cluster_of(other.reference) == one.reference


def own_listing(reader: Reader, posting: dict[str, Any], reference: str) -> Listing:
    """A posting of one of our own pairs."""
    places = [posting["place"]]
    return reader.listing(reference, reference, posting["company"], posting["title"], places, posting["body"])


def real_listings(reader: Reader, data: Path, wanted: set[str]) -> dict[str, Listing]:
    """Postings of the shared data by `source/id`, read as the normalizer reads them."""
    gate = rules_from(yaml.safe_load(config_path("dq.yml").read_text(encoding="utf-8")), FIELDS, enforce=False)
    found: dict[str, Listing] = {}
    for source in sorted({reference.split("/", 1)[0] for reference in wanted}):
        for item in asyncio.run(real_items(source, data)):
            posting = adapter_of(source).map_to_common(item, "")
            reference = f"{source}/{posting.source_job_id}"
            if reference not in wanted:
                continue
            record = canonical(posting, source, _COLLECTED, gate).record
            found[reference] = reader.listing(
                reference, source, record.company, record.title, [place.written for place in record.places],
                record.description_text, day=record.posted_at.date() if record.posted_at else None,
                cut=record.description_is_excerpt, pay=record.pay,
            )  # fmt: skip
    return found


def _figure(name: str, judged: Iterable[tuple[bool, bool, int]], note: str, ms: float | None = None) -> Figure:
    """From pairs of (same job, found to be, how many it stands for)."""
    listed = list(judged)
    right = sum(n for same, found, n in listed if same and found)
    precision = ratio(right, sum(n for _, found, n in listed if found))
    recall = ratio(right, sum(n for same, _, n in listed if same))
    return Figure(
        "same job", name, len(listed), "f1", precision=precision, recall=recall, f1=f_score(precision, recall), ms=ms,
        note=_NOTE + note,
    )  # fmt: skip


def score(_: Enricher, data: Path) -> Iterator[Figure]:
    """Figures of our own pairs and of the real ones."""
    read = reader()
    own = [(p["same"], same_job(read, *(own_listing(read, p[s], s) for s in "ab")), 1) for p in own_pairs()]
    yield _figure("own pairs", own, "all must hold in `make test`.")
    pairs, later = rows(PAIRS / "real.jsonl"), rows(PAIRS / "real_later.jsonl")
    listings = real_listings(read, data, {p[side] for p in pairs + later for side in "ab"})
    started = time.process_time()
    judged = [(p["same"], same_job(read, listings[p["a"]], listings[p["b"]])) for p in pairs]
    ms = (time.process_time() - started) * 1000 / len(pairs)
    weights = [p["stands_for"] for p in pairs]
    yield _figure(
        "real pairs",
        ((*j, 1) for j in judged),
        "doubtful pairs are many times more frequent here than in the data.",
        ms,
    )
    yield _figure(
        "real pairs, as frequent as in the data", ((*j, w) for j, w in zip(judged, weights, strict=True)),
        "the same pairs, each counted for those it was drawn from.",
    )  # fmt: skip
    doubtful = [(p["same"], same_job(read, listings[p["a"]], listings[p["b"]]), 1) for p in later]
    yield _figure(
        "doubtful real pairs", doubtful, "drawn later, among those that look alike in one thing and not in another."
    )
