"""Scores skills: canonical names within a set's vocabulary, spans that people marked, technologies of real lists."""

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path

from enricher.domain.enrich import Enricher, Enrichment
from normalizer.domain.markup import describe
from tests.quality.card import Figure, f_score, ratio
from tests.quality.sets import corpus, rows, timed
from tests.support.enrichment import posting


def score(enricher: Enricher, data: Path) -> Iterator[Figure]:
    """Figures of all sets of skills."""
    yield _canonical(enricher, data)
    for measure, name, tags in (
        ("knowledge spans met", "skillspan", "tags_knowledge"),
        ("skill spans met", "skillspan", "tags_skill"),
        ("skill spans met", "green", "tags_skill"),
        ("soft-skill spans met", "sayfullina", "tags_skill"),
    ):
        yield _spans(enricher, data, measure, name, tags)
    for name in ("tech", "house"):
        yield _linked(enricher, data, name)
    yield _lists(enricher, data)
    yield _latin_american(enricher, data)


def _canonical(enricher: Enricher, data: Path) -> Figure:
    sets = corpus(data, "skills")
    labels = [{_name(enricher, s) for s in x["skills"]} for x in sets]
    vocabulary = set().union(*labels)
    found, ms = timed(enricher, (posting(body=x["text"]) for x in sets))
    read = [set(e.skills) & vocabulary for e in found]
    correct = sum(len(r & label) for r, label in zip(read, labels, strict=True))
    precision, recall = ratio(correct, sum(map(len, read))), ratio(correct, sum(map(len, labels)))
    return Figure(
        "canonical skills", "skills", len(sets), "f1", precision=precision, recall=recall,
        f1=f_score(precision, recall), ms=ms,
        note="recall over all labels of the set; precision over what we read of its 95 labelled skills, since the "
        "labels leave out everything else (SOLIDWORKS, communication) and say nothing of it.",
    )  # fmt: skip


def _name(enricher: Enricher, label: str) -> str:
    """Our name for a label: as a tag beside a sure technology, so that ambiguous ones count."""
    found = enricher.read(posting(tags=[label, "python"])).skills
    return next((s for s in found if s != "python"), label.lower())


def _spans(enricher: Enricher, data: Path, measure: str, name: str, tags: str) -> Figure:
    sets = rows(data / "labelled" / name / "dev.jsonl.gz")
    read, ms = timed(enricher, (posting("", " ".join(x["tokens"])) for x in sets))
    marked = met = 0
    for e, x in zip(read, sets, strict=True):
        ours = [(v.start, v.end) for v in e.evidence if v.field == "skills"]
        key = tags if tags in x else next(k for k in x if k.startswith("tags"))
        for start, end in _marked(x["tokens"], x[key]):
            marked += 1
            met += any(a < end and start < b for a, b in ours)
    return Figure(
        measure, f"{name} dev", marked, "recall", recall=ratio(met, marked), ms=ms,
        note="a marked span is met where a skill of ours lies in it or over it. People marked phrases freely, a "
        "taxonomy knows names: this is a lower bound of use, not a span tagger's score."
        if "knowledge" in measure else "",
    )  # fmt: skip


def _linked(enricher: Enricher, data: Path, name: str) -> Figure:
    path = data / "labelled" / "esco_linked" / f"{name}_validation_annotations.csv"
    with path.open(encoding="utf-8", newline="") as file:
        sets = [row for row in csv.DictReader(file) if row["label"] not in {"LABEL NOT PRESENT", "UNDERSPECIFIED"}]
    read, ms = timed(enricher, (posting("", row["sentence"]) for row in sets))
    met = 0
    for e, row in zip(read, sets, strict=True):
        words = row["sub_span"] or row["span"]
        start = row["sentence"].find(words)
        met += any(v.field == "skills" and v.start < start + len(words) and start < v.end for v in e.evidence)
    return Figure(
        "spans of ESCO skills met", f"esco_linked {name}", len(sets), "recall", recall=ratio(met, len(sets)), ms=ms,
        note="spans that people linked to a skill of ESCO; many are phrases (\"solving business problems\"), which a "
        "taxonomy of names does not hold." if name == "tech" else "",
    )  # fmt: skip


def _marked(tokens: list[str], tags: list[str]) -> Iterator[tuple[int, int]]:
    """Spans by characters in the tokens joined by blanks."""
    at, start = 0, None
    for token, tag in zip([*tokens, ""], [*tags, "O"], strict=True):
        if start is not None and not tag.startswith("I"):
            yield start, at - 1
            start = None
        if tag.startswith("B"):
            start = at
        at += len(token) + 1


def _lists(enricher: Enricher, data: Path) -> Figure:
    """Technologies that a language model listed for Hacker News postings, found in the same text."""
    thread = {c["id"]: c.get("text") or "" for c in rows(data / "hackernews" / "thread_2024_07.json.gz")[0]["comments"]}
    listed = {
        x["id"]: x["classified"]["required_skills"] or []
        for x in rows(data / "labelled" / "hn_parsed_2024_07.jsonl.gz")
    }
    sets = [(describe(thread[key], None, None)[1], n) for key, n in listed.items() if thread.get(key) and n]
    read, ms = timed(enricher, (posting("", text) for text, _ in sets))
    correct, wanted = _met(enricher, read, sets)
    return Figure(
        "technology lists", "hn_parsed_2024_07", wanted, "recall", recall=ratio(correct, wanted), ms=ms,
        note="skills that a language model read out of a thread and that stand in the text word for word; it lists "
        "phrases such as \"full stack\" as well.",
    )  # fmt: skip


def _latin_american(enricher: Enricher, data: Path) -> Figure:
    """Skills that people listed for postings in Spanish and English, as far as they stand in the text."""
    sets = [
        (f"{x['title']}\n{x['description']}", x["hard_skills"])
        for x in rows(data / "labelled" / "latam_manual_300.jsonl.gz")
    ]
    read, ms = timed(enricher, (posting("", text) for text, _ in sets))
    correct, wanted = _met(enricher, read, sets)
    return Figure(
        "technology lists",
        "latam_manual_300",
        wanted,
        "recall",
        recall=ratio(correct, wanted),
        ms=ms,
        note='hard skills that people listed, in Spanish; fields of work ("Seguridad", "Programación") count as well.',
    )


def _met(enricher: Enricher, read: Iterable[Enrichment], sets: Iterable[tuple[str, Iterable[str]]]) -> tuple[int, int]:
    """How many of the listed names that stand in a text were read, and how many stand there."""
    wanted = correct = 0
    for e, (text, names) in zip(read, sets, strict=True):
        for name in names:
            if name.lower() in text.lower():
                wanted += 1
                correct += _name(enricher, name) in e.skills
    return correct, wanted
