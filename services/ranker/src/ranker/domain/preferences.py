"""Factors with a short list of values: company size, employment type, seniority, remote type."""

from collections.abc import Iterable

from ranker.domain.facts import Facts
from ranker.domain.rules import NeighbourRules, Rules
from ranker.domain.share import FULL, NO_PREFERENCE, Verdict
from ranker.domain.wish import Wish

_PERCENT = FULL // 100


def judge_company_size(facts: Facts, wish: Wish, rules: Rules) -> Verdict:
    """All points for a wanted bin, none for another."""
    if not wish.sizes:
        return NO_PREFERENCE
    if facts.company_size not in rules.file.company_sizes:
        return Verdict(rules.missing("company_size"), "the size of the company is not known", ruled=True)
    fits = facts.company_size in wish.sizes
    return Verdict(FULL if fits else 0, f"{facts.company_size} people, {_listed(wish.sizes)} wanted")


def judge_employment_type(facts: Facts, wish: Wish, rules: Rules) -> Verdict:
    """All points if any of the posting's types is wanted."""
    if not wish.employment_types:
        return NO_PREFERENCE
    if not facts.employment_types:
        return Verdict(rules.missing("employment_type"), "the posting states no employment type", ruled=True)
    fits = not wish.employment_types.isdisjoint(facts.employment_types)
    return Verdict(FULL if fits else 0, f"{_listed(facts.employment_types)}, {_listed(wish.employment_types)} wanted")


def judge_seniority(facts: Facts, wish: Wish, rules: Rules) -> Verdict:
    """All points for a wanted level, a part for a level next to one."""
    if not wish.seniorities:
        return NO_PREFERENCE
    if facts.seniority is None:
        return Verdict(rules.missing("seniority"), "the posting states no level", ruled=True)
    return _near(facts.seniority, wish.seniorities, rules.file.seniority)


def judge_remote_type(facts: Facts, wish: Wish, rules: Rules) -> Verdict:
    """All points for a wanted way of working, a part for hybrid where remote or onsite is wanted and the reverse."""
    if not wish.remote_types:
        return NO_PREFERENCE
    if facts.remote_type is None:
        return Verdict(rules.missing("remote_type"), "the posting does not say whether it is remote", ruled=True)
    return _near(facts.remote_type, wish.remote_types, rules.file.remote_type)


def _near(value: str, wanted: frozenset[str], rules: NeighbourRules) -> Verdict:
    if value in wanted:
        return Verdict(FULL, f"{value}, as wanted")
    if value in rules.near(wanted):
        return Verdict(rules.share * _PERCENT, f"{value} is next to {_listed(wanted)}")
    return Verdict(0, f"{value}, {_listed(wanted)} wanted")


def _listed(values: Iterable[str]) -> str:
    return " or ".join(sorted(set(values)))
