"""`posthorn dedupe`: postings in, the cluster of each out, a JSON object a line, without server or database."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import yaml

from common.contracts import Posting
from common.settings import config_path
from normalizer.domain.clusters import Clusters, Joined
from normalizer.domain.dedupe_rules import DedupeRules, dedupe_rules_from
from normalizer.domain.duplicates import Comparison
from normalizer.domain.listing import Listing, Reader
from posthorn.posting_lines import Canonical, Line, each_line
from sources.companies.names import CompanyNames
from sources.companies.rules import load_rules

#: Reasons for which two postings of one identity stay apart.
_TWO_OPENINGS = frozenset({"texts_differ", "another_requisition", "another_pay"})
_encode = msgspec.json.Encoder().encode


@dataclass(slots=True)
class _Seen:
    """A posting of the input: how it is called, and why it stands where it stands."""

    line: int
    label: str
    joined: Joined


def dedupe_files(files: list[Path], *, retained: bool) -> None:
    """Print the cluster of every posting, in the order given; with `retained` also what was alike and kept apart.

    Only keys and the texts of postings that share company and title with another are kept in memory.
    """
    rules = dedupe_rules_from(yaml.safe_load(config_path("dedupe.yml").read_text(encoding="utf-8")))
    found = _Duplicates(rules, show_retained=retained)
    try:
        each_line(files, found.add)
    finally:
        found.show()


class _Duplicates:
    def __init__(self, rules: DedupeRules, *, show_retained: bool) -> None:
        self._rules = rules
        self._canonical = Canonical()
        self._reader = Reader(rules, CompanyNames(load_rules().names))
        self._clusters = Clusters(rules)
        self._seen: dict[str, _Seen] = {}
        self._exact: dict[tuple[str, ...], str] = {}
        self._show_retained = show_retained

    def add(self, line: Line) -> None:
        """Take in the posting of a line."""
        posting = self._canonical.posting(line)
        reference, label = str(len(self._seen)), _label(posting, line)
        listing = self._listing(reference, posting)
        joined, retained = self._clusters.add(listing)
        differing = {other.reference for other, found in retained if found.reason in _TWO_OPENINGS}
        exact = self._same_identity(reference, posting, line, listing, differing)
        # A text tells more than an identity: whether it was posted again, and how alike it is.
        self._seen[reference] = _Seen(line.number, label, joined if joined.comparison else exact or joined)
        if self._show_retained:
            for other, comparison in retained:
                self._print_retained(label, other, comparison)

    def show(self) -> None:
        """Print a line for each posting."""
        for reference, seen in self._seen.items():
            first = self._clusters.cluster_of(reference)
            comparison, matched = seen.joined.comparison, seen.joined.matched
            row = {
                "line": seen.line, "id": seen.label, "cluster_id": self._seen[first].label,
                "matched": self._seen[matched].label if matched is not None else None,
                **_evidence(comparison), "rules_version": self._rules.version,
            }  # fmt: skip
            sys.stdout.buffer.write(_encode(row) + b"\n")
        sys.stdout.buffer.flush()

    def _listing(self, reference: str, posting: Posting) -> Listing:
        return self._reader.listing(
            reference, posting.source, posting.company, posting.title, [place.written for place in posting.places],
            posting.description_text,
            day=posting.posted_at.date() if posting.posted_at else None, cut=posting.description_is_excerpt,
            pay=posting.pay,
        )  # fmt: skip

    def _same_identity(
        self, reference: str, posting: Posting, line: Line, listing: Listing, differing: set[str]
    ) -> Joined | None:
        """The house's exact identity: (source, id), and hash_key unless the title, two whole texts or what they state
        speak against it.

        The services go further: for them one company, title and place are one posting, whatever its texts say.
        """
        keys: dict[str, tuple[str, ...]] = {"same_hash_key": ("hash_key", posting.hash_key, listing.title_key)}
        if line.given.get("source"):
            keys["same_source_and_id"] = ("id", posting.source, posting.source_job_id)
        joined: Joined | None = None
        for reason, key in keys.items():
            other = self._exact.setdefault(key, reference)
            if other != reference and (reason != "same_hash_key" or other not in differing):
                self._clusters.join(reference, other)
                joined = Joined(other, Comparison("merge", reason, None, "full"))
        return joined

    def _print_retained(self, label: str, other: Listing, comparison: Comparison) -> None:
        row: dict[str, Any] = {"id": label, "kept_apart_from": self._seen[other.reference].label}
        sys.stdout.buffer.write(_encode(row | _evidence(comparison)) + b"\n")


def _label(posting: Posting, line: Line) -> str:
    """The id as the input gives it, with the source where that is given too; else the number of the line."""
    given = line.given.get("id", line.given.get("source_job_id", line.given.get("job_id")))
    if given is None or given == "":
        return f"line-{line.number}"
    return f"{posting.source}:{given}" if line.given.get("source") else str(given)


def _evidence(comparison: Comparison | None) -> dict[str, Any]:
    if comparison is None:
        return {"reason": None, "class": None, "similarity": None}
    similarity = None if comparison.similarity is None else round(comparison.similarity, 4)
    return {"reason": comparison.reason, "class": comparison.duplicate_class, "similarity": similarity}
