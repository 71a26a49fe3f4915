"""Scores countries, cities and remote types."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from common.contracts import Place
from enricher.domain.enrich import Enricher
from tests.quality.card import Figure, ratio
from tests.quality.sets import corpus, rows, timed
from tests.support.enrichment import posting


def score(enricher: Enricher, data: Path) -> Iterator[Figure]:
    """Figures of all sets of places."""
    sets = corpus(data, "geo")
    read, ms = timed(enricher, (posting(places=[Place(text=x["location_raw"])]) for x in sets))
    first = [e.places[0] for e in read]
    wanted = [enricher.read(posting(places=[Place(city=x["city"], country=x["country"])])).places[0] for x in sets]
    countries = sum(p.country == w.country for p, w in zip(first, wanted, strict=True))
    cities = sum(_same_city(enricher, p, x) for p, x in zip(first, sets, strict=True))
    yield Figure("country", "geo", len(sets), "accuracy", accuracy=ratio(countries, len(sets)), ms=ms)
    yield Figure(
        "city", "geo", len(sets), "accuracy", accuracy=ratio(cities, len(sets)), ms=ms,
        note="another spelling of the labelled city (Bangalore, Bengaluru) is right; the first of several places "
        "counts; a label of no city is right only where none was read.",
    )  # fmt: skip
    yield from _hacker_news(enricher, data)
    yield _linkedin(enricher, data)
    yield from _whole_postings(enricher, data)


def _same_city(enricher: Enricher, read: Place, labelled: dict[str, Any]) -> bool:
    if read.city == labelled["city"]:
        return True
    if not (read.city and labelled["city"]):
        return False
    named = f"{labelled['city']}, {labelled['country']}"
    return any(p.city == read.city for p in enricher.read(posting(place=named)).places)


def _hacker_news(enricher: Enricher, data: Path) -> Iterator[Figure]:
    sets = [x for x in rows(data / "labelled" / "hn_geocoded.jsonl.gz") if x["location"] and x["country"]]
    read, ms = timed(enricher, (posting(place=x["location"].strip(" ,")) for x in sets))
    known = [
        (e.places[0].country, x["country"].lower()) for e, x in zip(read, sets, strict=True) if e.places[0].country
    ]
    correct = sum(ours == theirs for ours, theirs in known)
    yield Figure(
        "country", "hn_geocoded", len(sets), "precision", precision=ratio(correct, len(known)),
        recall=ratio(correct, len(sets)), coverage=ratio(len(known), len(sets)), ms=ms,
        note="labels made by a geocoder, which places every string somewhere (\"REMOTE\" too): precision counts.",
    )  # fmt: skip


def _linkedin(enricher: Enricher, data: Path) -> Figure:
    sets = [x for x in rows(data / "labelled" / "linkedin_workplace_2024.jsonl.gz") if x["job_location"]]
    read, ms = timed(enricher, (posting(place=x["job_location"]) for x in sets))
    correct = sum(
        e.places[0].country == _country(enricher, x["search_country"]) for e, x in zip(read, sets, strict=True)
    )
    return Figure(
        "country", "linkedin_workplace_2024", len(sets), "accuracy", accuracy=ratio(correct, len(sets)), ms=ms,
        note="the label is the country that was searched in; a few postings lie behind its border. The set's types of "
        "work are not asked: it has no texts, and nearly all of them are onsite.",
    )  # fmt: skip


def _country(enricher: Enricher, name: str) -> str | None:
    return enricher.read(posting(places=[Place(country=name)])).places[0].country


def _whole_postings(enricher: Enricher, data: Path) -> Iterator[Figure]:
    sets = corpus(data, "gold_500")
    read, ms = timed(enricher, (posting(x["title"], x["description_text"] or "", x["location_raw"]) for x in sets))
    correct = sum((e.remote_type == "remote") == bool(x["gold"]["remote"]) for e, x in zip(read, sets, strict=True))
    yield Figure(
        "remote or not", "gold_500", len(sets), "accuracy", accuracy=ratio(correct, len(sets)), ms=ms,
        note="majority of three language models; hybrid is not remote there and here.",
    )  # fmt: skip
    labels = [x["gold"] for x in sets]
    first = [e.places[0] if e.places else Place() for e in read]
    countries = sum(
        p.country == (_country(enricher, g["country"]) if g["country"] else None)
        for p, g in zip(first, labels, strict=True)
    )
    yield Figure(
        "country", "gold_500", len(sets), "accuracy", accuracy=ratio(countries, len(sets)), ms=ms,
        note="labels of \"2 Locations\" or \"Remote\" come from the text, ours from the place.",
    )  # fmt: skip
    cities = sum(_same_city(enricher, p, g) for p, g in zip(first, labels, strict=True))
    yield Figure("city", "gold_500", len(sets), "accuracy", accuracy=ratio(cities, len(sets)), ms=ms)
