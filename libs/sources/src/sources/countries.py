"""Reads names of countries: the codes and names of `config/taxonomy/places.yml`."""

from functools import lru_cache
from typing import Any

import yaml
from pydantic import BaseModel

from common.settings import config_path
from sources import values


class _Places(BaseModel):
    countries: dict[str, tuple[str, ...]]


@lru_cache
def _codes() -> dict[str, str]:
    """Codes by name in lower case, read once."""
    places = _Places.model_validate(yaml.safe_load(config_path("taxonomy/places.yml").read_text(encoding="utf-8")))
    return {name.casefold(): code for code, names in places.countries.items() for name in names}


def country(value: Any) -> str | None:
    """An ISO 3166-1 alpha-2 code in lower case, from such a code or from the name of a country; else None."""
    named = values.one_line(value)
    return (_codes().get(named.casefold()) or values.country(named)) if named else None
