"""Scores pay: exact amounts, currency and period where text holds pay, and false pay where it does not."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from common.contracts import OfferedPay, Salary
from enricher.domain.enrich import Enricher
from tests.quality.card import Figure, ratio
from tests.quality.sets import corpus, rows, timed
from tests.support.enrichment import posting

_LANGUAGES = {"en": "", "de": "de_", "fr": "fr_", "es": "es_"}
_PERIODS = {"HOURLY": "hour", "YEARLY": "year", "MONTHLY": "month", "WEEKLY": "week"}


def score(enricher: Enricher, data: Path) -> Iterator[Figure]:
    """Figures of all sets of pay."""
    false = without = 0
    for language, prefix in _LANGUAGES.items():
        sets = corpus(data, f"{prefix}salary")
        read, ms = timed(enricher, (posting(body=x["text"]) for x in sets))
        pairs = [(e.salary, x["expect"]) for e, x in zip(read, sets, strict=True)]
        paid = [(salary, label) for salary, label in pairs if label]
        without += len(pairs) - len(paid)
        false += sum(salary is not None for salary, label in pairs if not label)
        exact = ratio(sum(_is_exact(s, label) for s, label in paid), len(paid))
        said = ratio(sum(s is not None for s, _ in paid), len(paid))
        yield Figure(
            "pay exact", f"extraction_corpora {language}", len(paid), "accuracy", accuracy=exact, coverage=said, ms=ms,
            note="minimum, maximum and period must be equal, the currency where the label has one; a label "
            "(a, nothing) for a single amount equals our (a, a)." if language == "en" else "",
        )  # fmt: skip
    yield Figure(
        "false pay", "extraction_corpora, windows without pay", without, "accuracy", accuracy=ratio(false, without),
        lower_is_better=True, note="share of windows labelled as without pay in which pay was read.",
    )  # fmt: skip
    yield _false_on_whole_postings(enricher, data)
    yield _wage_strings(enricher, data)
    yield _linkedin(enricher, data)


def _is_exact(salary: Salary | None, label: dict[str, Any]) -> bool:
    if salary is None or salary.period != label["interval"]:
        return False
    low, high = (None if a is None else float(a) for a in (salary.minimum, salary.maximum))
    amounts = (low, high) in {(label["min"], label["max"] or label["min"]), (label["min"], None)}
    return amounts and (label.get("currency") in {None, salary.currency})


def _false_on_whole_postings(enricher: Enricher, data: Path) -> Figure:
    sets = [x for x in corpus(data, "gold_500") if x["gold"]["salary"] is None and not x["structured_salary"]]
    read, ms = timed(enricher, (posting(x["title"], x["description_text"] or "", x["location_raw"]) for x in sets))
    false = ratio(sum(e.salary is not None for e in read), len(read))
    return Figure(
        "false pay", "gold_500, postings without pay", len(read), "accuracy", accuracy=false, ms=ms,
        lower_is_better=True, note="whole postings in which three judges saw no pay and the source states none.",
    )  # fmt: skip


def _wage_strings(enricher: Enricher, data: Path) -> Figure:
    sets = [x for x in rows(data / "labelled" / "indeed_wage_strings_2024.jsonl.gz") if x["lower_wage"]]
    read, ms = timed(enricher, (posting(place="Austin, TX", pay=OfferedPay(text=x["wage"])) for x in sets))
    lowest = [{float(a) for a in (e.salary.minimum, e.salary.maximum) if a} if e.salary else set() for e in read]
    correct = sum(float(x["lower_wage"]) in ends for x, ends in zip(sets, lowest, strict=True))
    return Figure(
        "pay of board strings", "indeed_wage_strings_2024", len(sets), "accuracy", accuracy=ratio(correct, len(sets)),
        ms=ms, note="strings as a board shows them; the lower amount parsed by the source must be one of ours.",
    )  # fmt: skip


def _linkedin(enricher: Enricher, data: Path) -> Figure:
    sets = [x for x in rows(data / "postings" / "linkedin_2024.jsonl.gz") if x["min_salary"] and _in_text(x)]
    read, ms = timed(enricher, (posting(x["title"], x["description"], x["location"]) for x in sets))
    correct = 0
    for e, x in zip(read, sets, strict=True):
        want = (x["min_salary"], x["max_salary"], _PERIODS.get(x["pay_period"]))
        s = e.salary
        correct += s is not None and (float(s.minimum or 0), float(s.maximum or 0), s.period) == want
    said = ratio(sum(e.salary is not None for e in read), len(read))
    return Figure(
        "pay exact on whole postings", "linkedin_2024", len(sets), "accuracy", accuracy=ratio(correct, len(sets)),
        coverage=said, ms=ms,
        note="the board's own fields, which it fills from other places as well, so the ceiling is below 1; only "
        "postings whose text holds both amounts are asked; several ranges by place are one envelope here, one of them "
        "there.",
    )  # fmt: skip


def _in_text(x: dict[str, Any]) -> bool:
    digits = (x["description"] or "").replace(",", "")
    return all(a and a > 10 and f"{a:g}" in digits for a in (x["min_salary"], x["max_salary"]))
