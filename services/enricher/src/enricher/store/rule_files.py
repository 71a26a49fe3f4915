"""Loads the rules of enrichment from `config/` and names their exact state."""

import gzip
import hashlib
from typing import TypeVar

import msgspec
import yaml

from common.settings import config_path
from enricher.domain import rules as r
from enricher.errors import InvalidRulesError

#: Counts changes of code that change what is read; part of the rules version beside the digest of the files.
CODE_VERSION = 1

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
}
_CITIES = "taxonomy/places.tsv.gz"
T = TypeVar("T", bound=r.Rule)


def load_rules() -> r.Rules:
    """All rules, checked; InvalidRulesError or FileNotFoundError where one cannot be used."""
    digest = hashlib.sha256(str(CODE_VERSION).encode())
    parts: dict[str, r.Rule] = {}
    for name, (path, kind) in _FILES.items():
        content = config_path(path).read_bytes()
        digest.update(content)
        parts[name] = _checked(path, content, kind)
    content = config_path(_CITIES).read_bytes()
    digest.update(content)
    parts_and_cities = {**parts, "cities": _cities(content), "version": f"{CODE_VERSION}-{digest.hexdigest()[:12]}"}
    return msgspec.convert(parts_and_cities, r.Rules, from_attributes=True)


def _checked(path: str, content: bytes, kind: type[T]) -> T:
    try:
        # The C loader is ten times as fast; it is part of PyYAML's wheels.
        return msgspec.convert(yaml.load(content, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)), kind)  # noqa: S506 # a safe loader
    except (yaml.YAMLError, msgspec.ValidationError) as error:
        raise InvalidRulesError(f"{path}: {error}") from error


def _cities(content: bytes) -> list[r.City]:
    cities = []
    for line in gzip.decompress(content).decode().splitlines():
        name, country, region, population, names = line.split("\t")
        cities.append(r.City(name, country, region, int(population), tuple(names.split("|")) if names else ()))
    return cities
