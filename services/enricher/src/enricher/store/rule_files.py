"""Loads the rules of enrichment from `config/` and names their exact state."""

import gzip
import hashlib
from collections.abc import Mapping, Sequence
from functools import partial

import msgspec
import yaml

from common.settings.rule_files import Parse, RuleFiles
from enricher.domain import rules as r
from enricher.errors import InvalidRulesError

#: Counts changes of code that change what is read; part of the rules version beside the digest of the files.
CODE_VERSION = 11

_TITLE_RULES, _MORE_TITLES = "taxonomy/titles.yml", "taxonomy/titles_more.tsv"
#: Columns of titles in the latter.
_LANGUAGES = 3
_FILES: dict[str, tuple[str, type[r.Rule]]] = {
    "skills": ("taxonomy/skills.yml", r.SkillRules),
    "ambiguity": ("taxonomy/ambiguous.yml", r.AmbiguityRules),
    "seniority": ("taxonomy/seniority.yml", r.SeniorityRules),
    "remote": ("taxonomy/remote.yml", r.RemoteRules),
    "employment": ("taxonomy/employment.yml", r.EmploymentRules),
    "pay": ("pay.yml", r.PayRules),
    "rates": ("fx_rates.yml", r.RateRules),
    "places": ("taxonomy/places.yml", r.PlaceRules),
    "company_sizes": ("enums.yml", r.CompanySizeRules),
    "needs": ("taxonomy/needs.yml", r.NeedRules),
    "years": ("taxonomy/years.yml", r.YearsRules),
    "degrees": ("taxonomy/degrees.yml", r.DegreeRules),
    "authorisation": ("taxonomy/authorisation.yml", r.AuthorisationRules),
    "benefits": ("taxonomy/benefits.yml", r.BenefitRules),
    "languages": ("taxonomy/languages.yml", r.LanguageRules),
    "titles": (_TITLE_RULES, r.TitleRules),
}
_CITIES, _LISTED, _TITLES = "taxonomy/places.tsv.gz", "taxonomy/skills_more.tsv", "taxonomy/titles.tsv.gz"


def load_rules(files: RuleFiles | None = None) -> r.Rules:
    """All rules, checked, with the changes of `files`; RulesRefusedError where one cannot be used."""
    files = files or RuleFiles()
    parsed = files.parsed(PARSERS)
    digest = hashlib.sha256(str(CODE_VERSION).encode())
    for path in PARSERS:
        digest.update(files.read(path))
    parts = {name: parsed[path] for name, (path, _) in _FILES.items()}
    parts["titles"] = _with_more(parsed[_TITLE_RULES], parsed[_MORE_TITLES])
    rows = {"cities": parsed[_CITIES], "listed_skills": parsed[_LISTED], "standard_titles": parsed[_TITLES]}
    version = f"{CODE_VERSION}-{digest.hexdigest()[:12]}"
    return msgspec.convert({**parts, **rows, "version": version}, r.Rules, from_attributes=True)


def _checked(content: bytes, kind: type[r.Rule]) -> r.Rule:
    # The C loader is ten times as fast; it is part of PyYAML's wheels.
    document = yaml.load(content, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 # a safe loader
    return msgspec.convert(document, kind)


def _cities(content: bytes) -> list[r.City]:
    cities = []
    for line in gzip.decompress(content).decode().splitlines():
        try:
            name, country, region, people, north, east, names = line.split("\t")
            further = tuple(names.split("|")) if names else ()
            cities.append(r.City(name, country, region, int(people), float(north), float(east), further))
        except ValueError as error:
            message = f"{_CITIES}: a line needs name, country, region, thousands of people, latitude, longitude, names"
            raise InvalidRulesError(f"{message}: {error}") from error
    return cities


def _listed(content: bytes) -> list[r.ListedSkill]:
    rows = (line.split("\t") for line in content.decode().splitlines())
    try:
        return [r.ListedSkill(kind, name, tuple(words.split("|")), source) for kind, name, words, source in rows]  # type: ignore[arg-type] # checked when the rules are made
    except ValueError as error:
        raise InvalidRulesError(f"{_LISTED}: a line needs kind, name, spellings and source: {error}") from error


def _more_titles(content: bytes) -> dict[str, list[str]]:
    """Occupation → its titles in German, French and Spanish."""
    found: dict[str, list[str]] = {}
    for line in content.decode().splitlines():
        occupation, *columns = line.split("\t")
        if len(columns) != _LANGUAGES or occupation in found:
            raise InvalidRulesError(
                f"{_MORE_TITLES}: a line needs an occupation that no other line has, and titles in German, French and "
                f"Spanish: {line[:60]!r}"
            )
        found[occupation] = [title for column in columns if column for title in column.split("|")]
    return found


def _with_more(rules: r.TitleRules, titles: Mapping[str, Sequence[str]]) -> r.TitleRules:
    """The rules with further titles of occupations."""
    occupations = dict(rules.occupations)
    for name, further in titles.items():
        known = occupations.get(name, r.TitleOccupation())
        occupations[name] = msgspec.structs.replace(known, includes=[*known.includes, *further])
    return msgspec.structs.replace(rules, occupations=occupations)


def _titles(content: bytes) -> r.TitleTable:
    occupations, _, titles = gzip.decompress(content).decode().partition("\n\n")
    try:
        found = [r.StandardTitle(*line.split("\t")) for line in occupations.split("\n")]
    except TypeError as error:
        raise InvalidRulesError(f"{_TITLES}: an occupation needs a title and three codes: {error}") from error
    return r.TitleTable(occupations=found, titles=titles.split("\n"))


#: Every file that enrichment reads, in the order of the digest.
PARSERS: dict[str, Parse] = {
    **{path: partial(_checked, kind=kind) for path, kind in _FILES.values()},
    _CITIES: _cities,
    _LISTED: _listed,
    _TITLES: _titles,
    _MORE_TITLES: _more_titles,
}
