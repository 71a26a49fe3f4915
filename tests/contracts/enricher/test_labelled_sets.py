"""Floors for what enrichment reads, measured on labelled sets of real postings that are not part of the repository."""

import gzip
import json
import logging
from pathlib import Path
from typing import Any

import pytest

from common.contracts import OfferedPay, Place, Salary
from enricher.domain.enrich import Enricher, Enrichment
from enricher.store import load_rules
from tests.support.enrichment import posting

# A floor lies a little below what was reached, so that a loss shows; `pytest --log-cli-level=INFO` tells the figures.
_log = logging.getLogger(__name__)
#: Names of levels in the sets that differ from ours.
LEVELS = {"entry": "junior", "staff": "principal", "unknown": None}


@pytest.fixture(scope="module")
def enricher() -> Enricher:
    return Enricher(load_rules())


@pytest.fixture
def corpora(shared_data: Path) -> Path:
    return shared_data / "labelled" / "extraction_corpora"


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]


def reached(measure: str, right: int, of: int, *, floor: float) -> None:
    _log.info("%s: %d/%d = %.3f (floor %s)", measure, right, of, right / of, floor)
    assert right / of >= floor, measure


def test_seniority(enricher: Enricher, corpora: Path) -> None:
    sets = rows(corpora / "level.jsonl.gz")
    right = sum(enricher.read(posting(x["title"])).seniority == LEVELS.get(x["level"], x["level"]) for x in sets)
    reached("seniority accuracy", right, len(sets), floor=0.92)


def test_places(enricher: Enricher, corpora: Path) -> None:
    sets = rows(corpora / "geo.jsonl.gz")
    read = [enricher.read(posting(places=[Place(text=x["location_raw"])])).places[0] for x in sets]
    wanted = [enricher.read(posting(places=[Place(city=x["city"], country=x["country"])])).places[0] for x in sets]
    countries = sum(r.country == w.country for r, w in zip(read, wanted, strict=True))
    reached("country accuracy", countries, len(sets), floor=0.98)
    cities = sum(
        r.city == x["city"] or bool(r.city and x["city"] and same_city(enricher, r, x))
        for r, x in zip(read, sets, strict=True)
    )
    reached("city accuracy", cities, len(sets), floor=0.94)


def same_city(enricher: Enricher, read: Place, labelled: dict[str, Any]) -> bool:
    """Whether the label is another spelling of the city that was read (Bangalore, Bengaluru)."""
    text = f"{labelled['city']}, {labelled['country']}"
    return any(p.city == read.city for p in enricher.read(posting(place=text)).places)


def as_labelled(salary: Salary | None) -> tuple[float | None, float | None, str | None] | None:
    if salary is None:
        return None
    low, high = (None if a is None else float(a) for a in (salary.minimum, salary.maximum))
    return low, high, salary.period


@pytest.mark.parametrize(
    ("language", "floor"), [("", 0.98), ("de_", 0.99), ("fr_", 0.84), ("es_", 0.99)], ids=["en", "de", "fr", "es"]
)
def test_pay(enricher: Enricher, corpora: Path, language: str, floor: float) -> None:
    right = of = false = without = 0
    for x in rows(corpora / f"{language}salary.jsonl.gz"):
        salary = enricher.read(posting(body=x["text"])).salary
        if (label := x["expect"]) is None:
            without += 1
            false += salary is not None
            continue
        of += 1
        # A single amount is labelled as (amount, amount) or as (amount, nothing).
        labels = {
            (label["min"], label["max"] or label["min"], label["interval"]),
            (label["min"], None, label["interval"]),
        }
        currency = label.get("currency")
        right += as_labelled(salary) in labels and (currency is None or bool(salary and salary.currency == currency))
    assert false == 0
    reached(f"pay exact {language or 'en'}", right, of, floor=floor)


def test_words_of_pay_as_a_board_shows_them(enricher: Enricher, shared_data: Path) -> None:
    sets = [x for x in rows(shared_data / "labelled" / "indeed_wage_strings_2024.jsonl.gz") if x["lower_wage"]]
    right = 0
    for x in sets:
        salary = enricher.read(posting(place="Austin, TX", pay=OfferedPay(text=x["wage"]))).salary
        ends = {float(a) for a in (salary.minimum, salary.maximum) if a is not None} if salary else set()
        right += bool(ends) and float(x["lower_wage"]) in ends
    reached("wage strings", right, len(sets), floor=0.95)


def test_skills(enricher: Enricher, corpora: Path) -> None:
    """Canonical names within the vocabulary of the set, which labels few kinds of skill."""

    def canonical(name: str) -> str:
        found = enricher.read(posting(tags=[name, "python"])).skills
        return next((s for s in found if s != "python"), name)

    sets = rows(corpora / "skills.jsonl.gz")
    labels = [{canonical(s) for s in x["skills"]} for x in sets]
    vocabulary = set().union(*labels)
    read = [set(enricher.read(posting(body=x["text"])).skills) & vocabulary for x in sets]
    right = sum(len(r & label) for r, label in zip(read, labels, strict=True))
    reached("skills precision", right, sum(map(len, read)), floor=0.91)
    reached("skills recall", right, sum(map(len, labels)), floor=0.92)


def gold(enricher: Enricher, corpora: Path) -> list[tuple[dict[str, Any], Enrichment]]:
    return [
        (x, enricher.read(posting(x["title"], x["description_text"] or "", x["location_raw"])))
        for x in rows(corpora / "gold_500.jsonl.gz")
    ]


def test_remote_and_false_pay_on_whole_postings(enricher: Enricher, corpora: Path) -> None:
    read = gold(enricher, corpora)
    right = sum((e.remote_type == "remote") == bool(x["gold"]["remote"]) for x, e in read)
    reached("remote accuracy", right, len(read), floor=0.94)
    without = [e for x, e in read if x["gold"]["salary"] is None and not x["structured_salary"]]
    false = sum(e.salary is not None for e in without)
    assert false <= 0.01 * len(without)
