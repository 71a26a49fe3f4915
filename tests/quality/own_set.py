"""Our own labelled cases, written for the traps in them: `own/*.jsonl`, each line a posting and what it must say."""

from collections.abc import Iterator
from typing import Any

from common.contracts import OfferedPay, Place, Salary
from enricher.domain.enrich import Enricher, Enrichment
from tests.quality.card import Figure, ratio
from tests.quality.sets import OWN, rows
from tests.support.enrichment import posting

_SKILLS = OWN.parents[1] / "unit" / "enricher" / "cases" / "skills.tsv"
#: The column of that file with skills that must not be read.
_ABSENT = 2
#: How each key of a case's `expect` is read from an enrichment.
READERS: dict[str, Any] = {
    "pay": lambda e: e.salary and _pay(e.salary),
    "yearly": lambda e: e.salary and [e.salary.yearly_minimum, e.salary.yearly_maximum],
    "places": lambda e: [[p.city, p.country] for p in e.places],
    "remote": lambda e: e.remote_type,
    "regions": lambda e: e.remote_regions,
    "seniority": lambda e: e.seniority,
    "display": lambda e: e.display_title,
    "occupation": lambda e: e.occupation and e.occupation.isco_code,
    "years": lambda e: [e.years_minimum, e.years_maximum],
    "degree": lambda e: [e.degree, e.degree_required],
    "visa": lambda e: e.visa,
    "benefits": lambda e: e.benefits,
    "language": lambda e: e.language,
    "employment": lambda e: e.employment_types,
    "has": lambda e: e.skills,
    "lacks": lambda e: e.skills,
    "required": lambda e: e.skills_required,
    "preferred": lambda e: e.skills_preferred,
}


def _pay(salary: Salary) -> list[object]:
    low, high = (None if a is None else float(a) for a in (salary.minimum, salary.maximum))
    return [low, high, salary.currency, salary.period]


def cases() -> list[dict[str, Any]]:
    """All cases, each with `file`."""
    return [{"file": path.stem, **row} for path in sorted(OWN.glob("*.jsonl")) for row in rows(path)]


def read(enricher: Enricher, case: dict[str, Any]) -> Enrichment:
    """What the posting of a case says."""
    return enricher.read(
        posting(
            case.get("title", ""), case.get("body", ""), tags=case.get("tags", []),
            company=case.get("company", "Acme"), places=[Place(text=case["place"])] if "place" in case else [],
            pay=OfferedPay(text=case["pay_text"]) if "pay_text" in case else None, remote=case.get("flag"),
        )
    )  # fmt: skip


def wrong(enricher: Enricher, case: dict[str, Any]) -> list[str]:
    """What a case's posting should say and does not."""
    found = read(enricher, case)
    faults = []
    for key, wanted in case["expect"].items():
        got = READERS[key](found)
        fits = (
            set(wanted) <= set(got) if key == "has" else not set(wanted) & set(got) if key == "lacks" else got == wanted
        )
        if not fits:
            faults.append(f"{key}: {wanted} wanted, {got} read")
    return faults


def _false_ambiguous(enricher: Enricher) -> Figure:
    """Words with other meanings, in sentences in which they mean those."""
    lines = (line.split("\t") for line in _SKILLS.read_text(encoding="utf-8").splitlines() if not line.startswith("#"))
    marked = [(cells[0], cells[_ABSENT]) for cells in lines if len(cells) > _ABSENT]
    pairs = [(text, word) for text, words in marked for word in words.split(", ") if word]
    pairs += [(case["body"], word) for case in cases() for word in case["expect"].get("lacks", ())]
    false = sum(word in enricher.read(posting(body=text)).skills for text, word in pairs)
    return Figure(
        "ambiguous words read wrongly", "own sentences", len(pairs), "accuracy", accuracy=ratio(false, len(pairs)),
        lower_is_better=True,
        note="share of words such as Go, Excel or Spring read as skills in sentences of ours in which they are none; "
        "the rules were written with these sentences in view.",
    )  # fmt: skip


def score(enricher: Enricher, _: object) -> Iterator[Figure]:
    """One figure a file."""
    yield _false_ambiguous(enricher)
    by_file: dict[str, list[bool]] = {}
    for case in cases():
        by_file.setdefault(case["file"], []).append(not wrong(enricher, case))
    for name, results in by_file.items():
        yield Figure(
            "own cases", name, len(results), "accuracy", accuracy=ratio(sum(results), len(results)),
            note="written by us for the traps in them; all must hold in `make test`." if name == min(by_file) else "",
        )  # fmt: skip
