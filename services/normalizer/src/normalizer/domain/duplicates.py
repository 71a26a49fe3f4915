"""Whether two postings are the same job, how sure that is, and why: the rules of `config/dedupe.yml`."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import Literal

from normalizer.domain.company_key import CompanyKeys
from normalizer.domain.dedupe_rules import DedupeRules, PostedAgain, SimilarityRules
from normalizer.domain.place_key import Nearness, PlaceKey, place_key
from normalizer.domain.similarity import Text, containment, jaccard, text_of
from normalizer.domain.title_key import title_key
from sources.companies.names import CompanyNames

#: full: one text. semantic: the same job in other words around it. temporal: the text again, later, under a new id.
#: partial: one of the two is an excerpt of the other, or there is no text to compare.
DuplicateClass = Literal["full", "semantic", "temporal", "partial"]
Verdict = Literal["merge", "retain"]


@dataclass(frozen=True)
class Listing:
    """A posting as duplicates are looked for. `reference` names it; `day` is the day it was published."""

    reference: str
    source: str
    company: str
    title: str
    places: PlaceKey
    text: Text
    day: date | None = None
    company_key: str = ""
    brand: str = ""
    agency: bool = False
    title_key: str = ""

    @property
    def block(self) -> tuple[str, str]:
        """Only postings of one block are compared."""
        return self.brand, self.title_key

    @cached_property
    def block_id(self) -> str:
        """The block as 32 hex digits."""
        return hashlib.md5("|".join(self.block).encode(errors="replace"), usedforsecurity=False).hexdigest()

    @cached_property
    def fingerprint(self) -> str:
        """32 hex digits, the same for postings of one company, one text and one place: one of them is enough."""
        told = (self.text.digest.hex(), self.company_key, *sorted(self.places.words))
        return hashlib.md5("|".join(told).encode(errors="replace"), usedforsecurity=False).hexdigest()


@dataclass(frozen=True, slots=True)
class Comparison:
    """What became of a pair. `similarity` is 0 to 1, None where there is no text; `reason` is a snake_case code."""

    verdict: Verdict
    reason: str
    similarity: float | None = None
    duplicate_class: DuplicateClass | None = None


class Reader:
    """Prepares postings for comparison."""

    def __init__(self, rules: DedupeRules, names: CompanyNames) -> None:
        self.rules = rules
        self._keys = CompanyKeys(names, rules.company)

    def listing(
        self, reference: str, source: str, company: str | None, title: str, places: Sequence[str], body: str, *,
        day: date | None = None, cut: bool = False,
    ) -> Listing:  # fmt: skip
        """A posting with its keys; `cut`: the source is known to cut off bodies."""
        key = self._keys.company(company or "")
        where = place_key(tuple(places), self.rules.place_noise)
        return Listing(
            reference=reference, source=source, company=company or "", title=title, places=where,
            text=text_of(body, self.rules, cut=cut), day=day, company_key=key, brand=self._keys.brand(key),
            agency=self._keys.is_agency(key), title_key=title_key(title, where, self.rules.title, key),
        )  # fmt: skip


def compare(one: Listing, other: Listing, rules: DedupeRules) -> Comparison:
    """Judge two postings of one block; the order of the two does not matter."""
    if frozenset((one.company_key, other.company_key)) in rules.company.apart:
        return Comparison("retain", "companies_known_to_differ")
    if min(one.text.words, other.text.words) < rules.similarity.excerpt_words:
        return _without_text(one, other)
    near = one.places.nearness(other.places)
    likeness = jaccard(one.text, other.text)
    if likeness >= rules.similarity.full.at(near):
        return Comparison("merge", "same_text", likeness, _again(one, other, rules) or "full")
    if one.company_key != other.company_key:
        if likeness >= rules.similarity.like_company.at(near):
            return Comparison("merge", "reworded", likeness, _again(one, other, rules) or "semantic")
        agency = one.agency or other.agency
        if not agency and containment(one.text, other.text) >= rules.similarity.like_contained.at(near):
            return Comparison("merge", "text_inside_the_other", likeness, _again(one, other, rules) or "semantic")
        return Comparison("retain", "another_text_of_a_like_company", likeness)
    found = _compared_texts(one, other, near, likeness, rules.similarity)
    if found.verdict == "merge":
        return replace(found, duplicate_class=_again(one, other, rules) or found.duplicate_class)
    if _posted_again(one, other, near, rules.similarity.posted_again):
        return Comparison("merge", "posted_again", likeness, _again(one, other, rules) or "semantic")
    return found


def _compared_texts(
    one: Listing, other: Listing, near: Nearness, likeness: float, rules: SimilarityRules
) -> Comparison:
    """Whether two texts that are not the same tell of one job all the same."""
    shared = containment(one.text, other.text)
    if one.text.excerpt or other.text.excerpt:
        if shared >= (rules.contained if one.agency else rules.excerpt).at(near):
            return Comparison("merge", "excerpt_of_the_other", shared, "partial")
        if one.agency:
            return Comparison("retain", "texts_differ", shared)
        elsewhere = shared >= rules.excerpt.open
        return Comparison("retain", "alike_at_other_places" if elsewhere else "excerpt_of_another_text", shared)
    if shared >= rules.contained.at(near):
        if one.text.much_shorter(other.text):
            return Comparison("merge", "excerpt_of_the_other", shared, "partial")
        if likeness >= rules.contained_likeness:
            return Comparison("merge", "text_inside_the_other", likeness, "semantic")
    # An agency's texts share what it says of itself.
    short = not one.agency and max(one.text.words, other.text.words) < rules.short_words
    if short and likeness >= rules.reworded.at(near):
        if (_days(one, other) or 0) <= rules.reworded_days:
            return Comparison("merge", "reworded", likeness, "semantic")
        return Comparison("retain", "reworded_long_after", likeness)
    elsewhere = shared >= rules.contained.open and not one.agency
    return Comparison("retain", "alike_at_other_places" if elsewhere else "texts_differ", likeness)


def _posted_again(one: Listing, other: Listing, near: Nearness, rules: PostedAgain) -> bool:
    """Whether a company fills one opening in other words: texts so short, or cut so much, do not tell two apart."""
    days = _days(one, other)
    if not one.company_key or one.agency or (days or 0) > rules.most_days:
        return False
    if one.text.cut and other.text.cut:
        named = one.places.cities and other.places.cities and len(one.title_key.split()) >= rules.title_words
        return bool(named) and near == "same"
    if one.text.cut or other.text.cut or one.source != other.source:
        return False
    return (days or 0) >= rules.least_days and near != "other" and max(one.text.words, other.text.words) < rules.words


def _without_text(one: Listing, other: Listing) -> Comparison:
    """Where one says nothing, the same company and the same places have to do, both known."""
    same_place = one.places.words and one.places.words == other.places.words
    if one.company_key and one.company_key == other.company_key and same_place:
        return Comparison("merge", "no_text_to_compare", None, "partial")
    return Comparison("retain", "too_little_text")


def _again(one: Listing, other: Listing, rules: DedupeRules) -> DuplicateClass | None:
    """A source that shows the same job under a new id after some time has reposted it."""
    days = _days(one, other)
    return "temporal" if one.source == other.source and days is not None and days >= rules.repost_days else None


def _days(one: Listing, other: Listing) -> int | None:
    """Days between their publications."""
    return None if one.day is None or other.day is None else abs((one.day - other.day).days)
