"""Whether two postings are the same job, how sure that is, and why: the rules of `config/dedupe.yml`."""

from dataclasses import dataclass, replace
from typing import Literal

from normalizer.domain.dedupe_rules import DedupeRules, PostedAgain, SimilarityRules
from normalizer.domain.listing import Listing
from normalizer.domain.openings import another_pay, one_requisition, two_requisitions
from normalizer.domain.other_names import akin, same_role
from normalizer.domain.place_key import Nearness
from normalizer.domain.similarity import containment, jaccard
from normalizer.domain.title_key import plain_form

#: full: one text. semantic: the same job in other words around it. temporal: the text again, later, under a new id.
#: partial: one of the two is an excerpt of the other, or there is no text to compare.
DuplicateClass = Literal["full", "semantic", "temporal", "partial"]
Verdict = Literal["merge", "retain"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What became of a pair. `similarity` is 0 to 1, None where there is no text; `reason` is a snake_case code."""

    verdict: Verdict
    reason: str
    similarity: float | None = None
    duplicate_class: DuplicateClass | None = None


#: Of postings that were found together and name two roles, or two companies that have nothing in common.
UNRELATED = Comparison("retain", "unrelated")


def compare(one: Listing, other: Listing, rules: DedupeRules) -> Comparison:
    """Judge two postings of one block, or of one text block; the order of the two does not matter."""
    near = one.places.nearness(other.places)
    if told_apart := _by_names(one, other, near, rules):
        return told_apart
    renamed = one.title_key != other.title_key
    if min(one.text.words, other.text.words) < rules.similarity.excerpt_words:
        return Comparison("retain", "too_little_text") if renamed else _without_text(one, other, near)
    likeness = jaccard(one.text, other.text)
    if renamed and near == "other":
        return Comparison("retain", "alike_at_other_places", likeness)
    found = _by_texts(one, other, near, likeness, rules)
    one_company = not renamed and bool(one.company_key) and one.company_key == other.company_key
    if found.verdict == "merge" and renamed and found.reason == "reworded":
        found = replace(found, verdict="retain", duplicate_class=None)
    if found.verdict == "retain" and one.brand and _one_brand(one, other) and one_requisition(one, other):
        found = Comparison("merge", "same_requisition", likeness, "semantic")
    elif found.verdict == "retain" and one_company and _posted_again(one, other, near, likeness, rules):
        found = Comparison("merge", "posted_again", likeness, "semantic")
    if found.verdict == "retain":
        return replace(found, duplicate_class=None)
    # One text at one place is one job; the same title above the same letters states the same.
    alike_only = likeness < rules.similarity.full.at(near) or (near == "other" and not _same_words(one, other))
    if alike_only and (told := _two_openings(one, other, near, rules)):
        return replace(found, verdict="retain", reason=told, duplicate_class=None)
    return replace(found, duplicate_class=_again(one, other, rules) or found.duplicate_class)


def _same_words(one: Listing, other: Listing) -> bool:
    return one.title == other.title and one.text.digest == other.text.digest


def _two_openings(one: Listing, other: Listing, near: Nearness, rules: DedupeRules) -> str | None:
    """What they state that tells of two openings; one job is paid otherwise in another town."""
    if two_requisitions(one, other):
        return "another_requisition"
    days = _days(one, other) if one.source == other.source and near != "other" else None
    at_once = days is not None and days <= rules.openings.most_days
    return "another_pay" if at_once and another_pay(one.pay, other.pay, rules.openings) else None


def _by_names(one: Listing, other: Listing, near: Nearness, rules: DedupeRules) -> Comparison | None:
    """What their companies and titles alone decide."""
    if frozenset((one.company_key, other.company_key)) in rules.company.apart:
        return Comparison("retain", "companies_known_to_differ")
    if one.title_key != other.title_key and not _one_role(one, other):
        return UNRELATED
    return None if _one_brand(one, other) or (near != "other" and _akin(one, other, rules)) else UNRELATED


def _one_role(one: Listing, other: Listing) -> bool:
    """Whether their titles name one role in different words."""
    places = set(map(plain_form, one.places.words | other.places.words))
    if same_role(one.title_key, other.title_key, places):
        return True
    return _town_left_out(one, other) or _town_left_out(other, one)


def _town_left_out(one: Listing, other: Listing) -> bool:
    """Whether only the title of the other names the town, and nothing says that the first is in another."""
    these, those = set(one.title_key.split()), set(other.title_key.split())
    if one.role != other.role or not these < those:
        return False
    return not one.places.cities or any(set(map(plain_form, city)) <= those - these for city in one.places.cities)


def _by_texts(one: Listing, other: Listing, near: Nearness, likeness: float, rules: DedupeRules) -> Comparison:
    """What two texts decide; the less their companies are one, the more they must share."""
    asked = rules.similarity
    if not _one_brand(one, other):
        same = likeness >= asked.other_company.at(near)
        return Comparison("merge" if same else "retain", "same_text" if same else "another_company", likeness, "full")
    if likeness >= asked.full.at(near):
        return Comparison("merge", "same_text", likeness, "full")
    if one.company_key == other.company_key:
        return _compared_texts(one, other, near, likeness, asked)
    if likeness >= asked.like_company.at(near):
        return Comparison("merge", "reworded", likeness, "semantic")
    agency = one.agency or other.agency
    if not agency and containment(one.text, other.text) >= asked.like_contained.at(near):
        return Comparison("merge", "text_inside_the_other", likeness, "semantic")
    return Comparison("retain", "another_text_of_a_like_company", likeness)


def _one_brand(one: Listing, other: Listing) -> bool:
    """However many words the brand is written as."""
    return one.block[0] == other.block[0]


def _akin(one: Listing, other: Listing, rules: DedupeRules) -> bool:
    """Whether two brands may be one employer; agencies copy what others write."""
    if one.agency or other.agency or min(one.text.words, other.text.words) < rules.similarity.other_company_words:
        return False
    return akin(one.brand, other.brand, (one.text, other.text), rules.company.common)


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


def _posted_again(one: Listing, other: Listing, near: Nearness, likeness: float, known: DedupeRules) -> bool:
    """Whether a company fills one opening in other words: texts so short, cut so much or so alike tell of no two."""
    rules, days = known.similarity.posted_again, _days(one, other) or 0
    if one.agency or near == "other":
        return False
    if one.text.cut and other.text.cut:
        return days <= rules.cut_days and _told_by_title(one, other, near, rules)
    if one.text.cut or other.text.cut or one.source != other.source or not rules.least_days <= days <= rules.most_days:
        return False
    return max(one.text.words, other.text.words) < rules.words or (near == "same" and likeness >= rules.likeness)


def _told_by_title(one: Listing, other: Listing, near: Nearness, rules: PostedAgain) -> bool:
    """Whether a title has so many words that a company seeks nobody else under it at one place."""
    if near == "open":
        return len(one.title_key.split()) >= rules.open_title_words
    named = bool(one.places.cities and other.places.cities)
    return named and len(one.title_key.split()) >= rules.title_words


def _without_text(one: Listing, other: Listing, near: Nearness) -> Comparison:
    """Where one says nothing, the same company and the same places have to do, both known."""
    same_words = bool(one.places.words) and one.places.words == other.places.words
    same_towns = near == "same" and set(one.places.cities) == set(other.places.cities)
    if one.company_key and one.company_key == other.company_key and (same_words or same_towns):
        return Comparison("merge", "no_text_to_compare", None, "partial")
    return Comparison("retain", "too_little_text")


def _again(one: Listing, other: Listing, rules: DedupeRules) -> DuplicateClass | None:
    """A source that shows the same job under a new id after some time has reposted it."""
    days = _days(one, other)
    return "temporal" if one.source == other.source and days is not None and days >= rules.repost_days else None


def _days(one: Listing, other: Listing) -> int | None:
    """Days between their publications."""
    return None if one.day is None or other.day is None else abs((one.day - other.day).days)
