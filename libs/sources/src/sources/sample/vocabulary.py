"""Loads what the sample's postings are made of from `data/*.yml`."""

from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeVar

import msgspec
import yaml

T = TypeVar("T")
_FOLDER = Path(__file__).parent / "data"
Language = Literal["en", "de", "fr"]


class Family(msgspec.Struct, frozen=True, kw_only=True):
    """Jobs of one kind: titles without level, yearly pay in USD of the middle level, sentences to choose from."""

    titles: tuple[str, ...]
    department: str
    pay: tuple[int, int]
    skills: tuple[str, ...]
    intro: str
    duties: tuple[str, ...]
    needs: tuple[str, ...]
    extras: tuple[str, ...]
    hourly: bool = False


class Phrases(msgspec.Struct, frozen=True, kw_only=True):
    """Sentences of one language; `headings` are those of about, duties, needs, extras and offer."""

    headings: tuple[str, str, str, str, str]
    about: tuple[str, ...]
    duties: tuple[str, ...]
    needs: tuple[str, ...]
    benefits: tuple[str, ...]
    workplace: dict[str, str]
    culture: tuple[str, ...]
    process: tuple[str, ...]
    closing: tuple[str, ...]
    pay: str


class City(msgspec.Struct, frozen=True):
    """A place, and how boards write it; `country` is ISO 3166-1 alpha-2, lower case."""

    name: str
    written: str
    country: str


class Employer(msgspec.Struct, frozen=True):
    """An employer, the names of the cities it hires in, and the kind of jobs it has."""

    name: str
    industry: str
    size: str
    cities: tuple[str, ...]
    kind: str = ""
    language: Language = "en"


class MadeUp(msgspec.Struct, frozen=True):
    """Parts of employers' names for generated samples; the third comes with its industry."""

    first: tuple[str, ...]
    second: tuple[str, ...]
    third: tuple[tuple[str, str], ...]


class World(msgspec.Struct, frozen=True):
    """Cities, employers, and which families (by first title) an employer of a kind has."""

    cities: tuple[City, ...]
    kinds: dict[str, tuple[str, ...]]
    employers: tuple[Employer, ...]
    made_up: MadeUp


class Pain(msgspec.Struct, frozen=True):
    """A posting written by hand and its position on its board."""

    board: str
    position: int
    item: Any


def _load(name: str, kind: type[T]) -> T:
    # libyaml's loader takes a tenth of the time, where the wheel has it.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    text = (_FOLDER / name).read_text(encoding="utf-8")
    return msgspec.convert(yaml.load(text, loader), kind)  # noqa: S506 - both are safe loaders


@cache
def world() -> World:
    """Employers and cities."""
    return _load("employers.yml", World)


@cache
def families(language: Language) -> tuple[Family, ...]:
    """The families of jobs of a language."""
    return _load(f"families.{language}.yml", tuple[Family, ...])


@cache
def phrases(language: Language) -> Phrases:
    """The shared sentences of a language."""
    return _load(f"phrases.{language}.yml", Phrases)


@cache
def pains() -> tuple[Pain, ...]:
    """The postings written by hand."""
    return _load("pains.yml", tuple[Pain, ...])
