"""Scores seniority, years of experience, degrees and the language of postings."""

from collections.abc import Iterator
from pathlib import Path

from enricher.domain.enrich import Enricher
from tests.quality.card import Figure, ratio
from tests.quality.sets import corpus, rows, timed
from tests.support.enrichment import posting

#: Names in the sets that differ from ours.
LEVELS = {"entry": "junior", "staff": "principal", "unknown": None}
_DEGREES = {"highschool": "high_school", "phd_md": "doctorate"}
_YEARS = {"en": "yoe", "de": "de_yoe", "fr": "fr_yoe", "es": "es_yoe"}
_LINKEDIN = {
    "Internship": {"intern"},
    "Entry level": {"junior"},
    "Associate": {"junior", "mid"},
    "Mid-Senior level": {"mid", "senior", "lead", "principal", "manager"},
    "Director": {"director", "executive"},
    "Executive": {"executive", "director"},
}
_LANGUAGES = {"yoe": "en", "salary": "en"} | {
    f"{language}_{name}": language for language in ("de", "fr", "es") for name in ("yoe", "salary")
}


def score(enricher: Enricher, data: Path) -> Iterator[Figure]:
    """Figures of all these sets."""
    yield from _seniority(enricher, data)
    yield from _years(enricher, data)
    yield from _degrees(enricher, data)
    yield _language(enricher, data)
    yield from _whole_postings(enricher, data)


def _seniority(enricher: Enricher, data: Path) -> Iterator[Figure]:
    sets = corpus(data, "level")
    read, ms = timed(enricher, (posting(x["title"]) for x in sets))
    correct = sum(e.seniority == LEVELS.get(x["level"], x["level"]) for e, x in zip(read, sets, strict=True))
    said = ratio(sum(e.seniority is not None for e in read), len(read))
    yield Figure(
        "seniority", "level", len(sets), "accuracy", accuracy=ratio(correct, len(sets)), coverage=said, ms=ms,
        note="entry is our junior, staff our principal, unknown our null; 61 % of the labels are unknown.",
    )  # fmt: skip
    board = [
        x
        for x in rows(data / "labelled" / "linkedin_level_2023.jsonl.gz")
        if x["formatted_experience_level"] in _LINKEDIN
    ]
    read, ms = timed(enricher, (posting(x["title"]) for x in board))
    known = [(e.seniority, x["formatted_experience_level"]) for e, x in zip(read, board, strict=True) if e.seniority]
    correct = sum(ours in _LINKEDIN[theirs] for ours, theirs in known)
    yield Figure(
        "seniority of titles", "linkedin_level_2023", len(board), "precision", precision=ratio(correct, len(known)),
        coverage=ratio(len(known), len(board)), ms=ms,
        note="the board's classes are wider than ours and chosen by recruiters; titles only, those that name a level.",
    )  # fmt: skip


def _years(enricher: Enricher, data: Path) -> Iterator[Figure]:
    for language, name in _YEARS.items():
        sets = corpus(data, name)
        read, ms = timed(enricher, (posting(body=x["text"]) for x in sets))
        correct = 0
        for e, x in zip(read, sets, strict=True):
            label = (x["expect"]["min"], x["expect"]["max"]) if x["expect"] else (None, None)
            correct += (e.years_minimum, e.years_maximum) == label
        said = ratio(sum((e.years_minimum, e.years_maximum) != (None, None) for e in read), len(read))
        yield Figure(
            "years of experience", name, len(sets), "accuracy", accuracy=ratio(correct, len(sets)), coverage=said,
            ms=ms, note="both ends must be equal; the first of several statements counts; words without a number "
            "stand for the years of the guide (mehrjährig 3+, erste 0-2, confirmée 4+), as "
            "config/taxonomy/years.yml lists them."
            if language == "en" else "",
        )  # fmt: skip


def _degrees(enricher: Enricher, data: Path) -> Iterator[Figure]:
    sets = corpus(data, "degree")
    read, ms = timed(enricher, (posting(body=x["text"]) for x in sets))
    level = both = 0
    for e, x in zip(read, sets, strict=True):
        label = x["expect"] or {"degree_min": None, "degree_required": None}
        same = e.degree == _DEGREES.get(label["degree_min"], label["degree_min"])
        level += same
        both += same and e.degree_required == label["degree_required"]
    yield Figure("degree", "degree", len(sets), "accuracy", accuracy=ratio(level, len(sets)), ms=ms)
    yield Figure(
        "degree and whether required", "degree", len(sets), "accuracy", accuracy=ratio(both, len(sets)), ms=ms,
        note='"or equivalent experience" makes a degree not required, as in the guide of the labels.',
    )  # fmt: skip


def _language(enricher: Enricher, data: Path) -> Figure:
    sets = [(language, x["text"]) for name, language in _LANGUAGES.items() for x in corpus(data, name)]
    read, ms = timed(enricher, (posting(body=text) for _, text in sets))
    correct = sum(e.language == language for e, (language, _) in zip(read, sets, strict=True))
    return Figure(
        "language", "extraction_corpora", len(sets), "accuracy", accuracy=ratio(correct, len(sets)),
        coverage=ratio(sum(e.language is not None for e in read), len(read)), ms=ms,
        note="windows of some 500 characters; the language is that of the set a window is in.",
    )  # fmt: skip


def _whole_postings(enricher: Enricher, data: Path) -> Iterator[Figure]:
    sets = corpus(data, "gold_500")
    read, ms = timed(enricher, (posting(x["title"], x["description_text"] or "") for x in sets))
    years = levels = 0
    for e, x in zip(read, sets, strict=True):
        label = x["gold"]["yoe"] or {"min": None, "max": None}
        years += (e.years_minimum, e.years_maximum) == (label["min"], label["max"])
        levels += e.seniority == LEVELS.get(x["gold"]["level"], x["gold"]["level"])
    yield Figure("years of experience", "gold_500", len(sets), "accuracy", accuracy=ratio(years, len(sets)), ms=ms)
    yield Figure(
        "seniority", "gold_500", len(sets), "accuracy", accuracy=ratio(levels, len(sets)), ms=ms,
        note="majority of three language models, whose guide differs from that of the set above: crafts called "
        "managers and associates are unknown there, a senior manager is senior.",
    )  # fmt: skip
