"""`posthorn read`: postings in, everything they say out, a JSON object a line, without server or database."""

import sys
from pathlib import Path
from typing import Any

import msgspec

from common.contracts import Posting
from enricher.domain.enrich import Enricher, Enrichment
from enricher.store.rule_files import load_rules
from posthorn.posting_lines import Canonical, Line, each_line

_encode = msgspec.json.Encoder(decimal_format="number").encode


class PostingReader:
    """The functions that the normalizer and the enricher use, one behind the other."""

    def __init__(self) -> None:
        self._canonical = Canonical()
        self._enricher = Enricher(load_rules())

    def read(self, line: Line) -> dict[str, Any]:
        """The posting of a line with everything it says; ValueError and its like where it is none."""
        posting = self._canonical.posting(line)
        read = self._enricher.read(posting)
        return _row(posting, read, self._enricher.rules_version, line.number, line.given.get("id"))


def read_files(files: list[Path], as_json: bool) -> None:
    """Print what every posting says, in the order given; exit code 1 where a line could not be read."""
    reader = PostingReader()
    plain = as_json or not sys.stdout.isatty()
    each_line(files, lambda line: sys.stdout.buffer.write(_shown(reader.read(line), plain)))
    sys.stdout.buffer.flush()


def _row(posting: Posting, read: Enrichment, version: str, number: int, given_id: Any) -> dict[str, Any]:
    """Every field by name, in one order, null where nothing is said; evidence counts in `title` and `description`."""
    derived: dict[str, Any] = {name: getattr(read, name) for name in read.__struct_fields__}
    derived["places"] = [msgspec.structs.asdict(place) for place in read.places]
    derived["salary"] = read.salary and msgspec.structs.asdict(read.salary)
    derived["occupation"] = read.occupation and msgspec.structs.asdict(read.occupation)
    derived["evidence"] = [msgspec.structs.asdict(e) for e in read.evidence]
    return {
        "line": number, "id": posting.source_job_id if given_id is None else given_id, "title": posting.title,
        "company": posting.company, "source": posting.source, "url": posting.url, "posted_at": posting.posted_at,
        "description": posting.description_text, "rules_version": version, **derived,
    }  # fmt: skip


def _shown(row: dict[str, Any], plain: bool) -> bytes:
    """A line of JSON, or of words for a terminal."""
    if plain:
        return _encode(row) + b"\n"
    pay = row["salary"] or {}
    said = (
        row["title"], row["company"], "; ".join(p["text"] or p["country"] or "" for p in row["places"]),
        row["remote_type"], row["seniority"], pay.get("text"), ", ".join(row["skills"][:12]),
    )  # fmt: skip
    return (" · ".join(part for part in said if part) + "\n").encode(errors="replace")
