"""The rules of ranking as data: the shape of `config/ranking.yml`, checked at load."""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Annotated, Any, Literal, get_args

import msgspec

from common.contracts import RemoteType, Seniority
from ranker.domain.currency import Rates
from ranker.domain.geography import Geography
from ranker.domain.share import FULL

#: Every factor, in the order of points and explanations.
FACTORS = (
    "location", "salary", "company_size", "skills", "position_title", "employment_type", "seniority",
    "remote_type", "recency", "company_rating", "keywords",
)  # fmt: skip

Percent = Annotated[int, msgspec.Meta(ge=0, le=100)]
Weight = Annotated[float, msgspec.Meta(ge=0, le=1000)]


class RulesError(ValueError):
    """`ranking.yml` is not valid; the message says where."""


class _Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of the file; unknown names are mistakes."""


class LocationRules(_Section, frozen=True, kw_only=True):
    """Shares of the location factor, and words that stand for many countries."""

    match: Percent
    same_region: Percent
    same_country: Percent
    elsewhere: Percent
    remote: Percent
    remote_unstated: Percent
    remote_elsewhere: Percent
    areas: dict[str, list[str]]


class SalaryRules(_Section, frozen=True, kw_only=True):
    """Shares of the salary factor."""

    touching: Percent
    zero_below: Annotated[int, msgspec.Meta(ge=1, le=100)]
    above: Percent


class NeighbourRules(_Section, frozen=True, kw_only=True):
    """Share of a value that stands next to a wanted one."""

    share: Percent
    neighbours: list[tuple[str, str]]

    def near(self, wanted: frozenset[str]) -> frozenset[str]:
        """Values next to one of the wanted."""
        pairs = [*self.neighbours, *((b, a) for a, b in self.neighbours)]
        return frozenset(b for a, b in pairs if a in wanted) - wanted


class KeywordRules(_Section, frozen=True, kw_only=True):
    """Share of a query word that only the summary has."""

    summary: Percent


class RankingFile(_Section, frozen=True, kw_only=True):
    """`config/ranking.yml` as written."""

    version: int
    presets: dict[str, dict[str, Weight]]
    no_preference: Literal["leave_out", "full"]
    missing: dict[str, Percent]
    location: LocationRules
    salary: SalaryRules
    company_sizes: list[str]
    seniority: NeighbourRules
    remote_type: NeighbourRules
    keywords: KeywordRules
    stop_words: list[str]
    abbreviations: dict[str, str]
    recency: list[tuple[int, Percent]]
    company_rating: list[tuple[float, Percent]]


@dataclass(frozen=True)
class Rules:
    """The file, the exchange rates, the names of places, and the version that stands for all of them."""

    file: RankingFile
    rates: Rates
    geography: Geography
    version: str

    def missing(self, factor: str) -> int:
        """The share of a factor that the posting says nothing about."""
        return self.file.missing[factor] * (FULL // 100)

    @cached_property
    def day_shares(self) -> tuple[int, ...]:
        """Share by whole days since publication; the last one holds for all later days."""
        shares: list[int] = []
        for day, share in self.file.recency:
            shares += [share * (FULL // 100)] * (day + 1 - len(shares))
        return (*shares, 0)


def parse_rules(ranking: Mapping[str, Any], rates: Rates, geography: Geography) -> Rules:
    """The rules in `ranking`; RulesError where a value is missing, unknown or out of range."""
    return rules_of(parse_ranking(ranking), rates, geography)


def parse_ranking(ranking: Mapping[str, Any]) -> RankingFile:
    """The file, checked; RulesError where a value is missing, unknown or out of range."""
    try:
        file = msgspec.convert(ranking, RankingFile)
    except msgspec.ValidationError as error:
        raise RulesError(f"ranking.yml: {error}") from error
    for fault in _faults(file):
        raise RulesError(f"ranking.yml: {fault}")
    return file


def rules_of(file: RankingFile, rates: Rates, geography: Geography) -> Rules:
    """All of them, and the version that stands for this content."""
    content = msgspec.json.encode((file, rates, geography.names), order="sorted")
    return Rules(file, rates, geography, f"{file.version}.{hashlib.sha256(content).hexdigest()[:8]}")


def _faults(file: RankingFile) -> list[str]:
    faults = [] if "default" in file.presets else ["presets: there must be a preset `default`"]
    for name, weights in file.presets.items():
        if unknown := set(weights) - set(FACTORS):
            faults.append(f"presets.{name}: unknown factors {sorted(unknown)}")
        if not math.isclose(sum(weights.values()), 100):
            faults.append(f"presets.{name}: the weights sum to {sum(weights.values())}, not to 100")
    if set(file.missing) != set(FACTORS):
        faults.append(f"missing: differs from the factors in {sorted(set(file.missing) ^ set(FACTORS))}")
    if len(set(file.company_sizes)) != len(file.company_sizes):
        faults.append("company_sizes: a bin is named twice")
    return faults + _unknown_neighbours(file) + _falling_steps(file)


def _unknown_neighbours(file: RankingFile) -> list[str]:
    sections = (("seniority", file.seniority, Seniority), ("remote_type", file.remote_type, RemoteType))
    return [
        f"{name}.neighbours: unknown values {sorted(unknown)}"
        for name, rules, known in sections
        if (unknown := {value for pair in rules.neighbours for value in pair} - set(get_args(known)))
    ]


def _falling_steps(file: RankingFile) -> list[str]:
    sections = (("recency", file.recency), ("company_rating", file.company_rating))
    return [
        f"{name}: the steps must rise from 0 or more"
        for name, table in sections
        if not table or table[0][0] < 0 or any(a[0] >= b[0] for a, b in pairwise(table))
    ]
