"""Maps records of any shape to postings by the named mappings of `config/files.yml`."""

import ast
import hashlib
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Literal, Self, TypeVar

import msgspec
import yaml
from pydantic import BaseModel, ConfigDict, PrivateAttr, field_validator, model_validator

from common.contracts import OfferedPay, Place, SourcePosting
from common.settings import config_path
from sources import values
from sources.item import Item

T = TypeVar("T")
Field = Literal[
    "id", "title", "company", "company_url", "url", "apply_url", "description", "location", "city", "region", "country",
    "latitude", "longitude", "employment_types", "remote", "seniority", "department", "company_size", "tags",
    "pay_text", "pay_minimum", "pay_maximum", "pay_currency", "pay_period", "language", "posted_at", "valid_through",
]  # fmt: skip
_TAG = re.compile(r"<(p|div|br|ul|ol|li|h[1-6]|span|b|strong|table|section)\b[^<>]*>", re.IGNORECASE)
#: How many sets of keys a mapping remembers.
_KEY_SETS = 512
_BETWEEN = re.compile(r"[,;|\n]")
_NOT_NAME = re.compile(r"[^a-z0-9]+")


class FieldMapping(BaseModel):
    """Where the fields of a posting stand in a record.

    `fields`: alternatives in order of preference, each the path of a field (dots go into objects); case, spaces and
    punctuation of names do not count. `constants`: values for what no record says. `missing`: texts that mean "none".
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    fields: dict[Field, tuple[str, ...]]
    constants: dict[Field, str] = {}
    missing: frozenset[str] = frozenset()
    #: Per set of keys, which alternatives can be there at all: dumps have the same keys in every record.
    _present: dict[tuple[str, ...], dict[Field, tuple[str, ...]]] = PrivateAttr(default_factory=dict)

    def present(self, keys: tuple[str, ...]) -> dict[Field, tuple[str, ...]]:
        """The alternatives that a record with these keys may have, top-level names in its own spelling."""
        if keys not in self._present:
            if len(self._present) >= _KEY_SETS:
                self._present.clear()
            own = _spellings(keys)
            self._present[keys] = {
                field: tuple(own.get(_plain(p), p) for p in paths if _plain(p) in own or _plain(p.split(".")[0]) in own)
                for field, paths in self.fields.items()
            }
        return self._present[keys]

    @field_validator("fields", mode="before")
    @classmethod
    def _one_is_a_list_of_one(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        return {field: (paths,) if isinstance(paths, str) else paths for field, paths in given.items()}


class FileMappings(BaseModel):
    """The file `config/files.yml`; the mapping `default` is taken where a query names none."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int
    mappings: dict[str, FieldMapping]

    @model_validator(mode="after")
    def _has_default(self) -> Self:
        if "default" not in self.mappings:
            raise ValueError("a mapping named `default` is needed")
        return self


@lru_cache
def file_mappings() -> FileMappings:
    """The mappings, read once and validated."""
    return FileMappings.model_validate(yaml.safe_load(config_path("files.yml").read_text(encoding="utf-8")))


def map_record(record: Any, mapping: FieldMapping, dataset: str) -> SourcePosting:
    """A record as a posting whose id is unique among data sets; MappingError if it is no object."""
    given = _without_missing(record, mapping.missing) if isinstance(record, dict) and mapping.missing else record
    fields = _Record(given, mapping)
    body = fields.take_field(values.text, "description")
    is_html = body is not None and _TAG.search(body) is not None
    posting = SourcePosting(
        source_job_id="",
        title=fields.take_field(values.one_line, "title"),
        company=_company(fields),
        company_url=fields.take_field(values.link, "company_url"),
        url=fields.take_field(values.link, "url"),
        apply_url=fields.take_field(values.link, "apply_url"),
        description_html=body if is_html else None,
        description_text=None if is_html else body,
        places=_places(fields),
        employment_types=fields.take_field(_listed, "employment_types") or [],
        remote=fields.take_field(values.remote, "remote"),
        seniority=fields.take_field(values.one_line, "seniority"),
        department=fields.take_field(values.one_line, "department"),
        company_size=fields.take_field(values.one_line, "company_size"),
        tags=fields.take_field(_listed, "tags") or [],
        pay=_pay(fields),
        language=fields.take_field(values.one_line, "language"),
        posted_at=fields.take_field(values.moment, "posted_at"),
        valid_through=fields.take_field(values.moment, "valid_through"),
    )
    own = fields.take_field(values.one_line, "id") or _digest(posting, given)
    return msgspec.structs.replace(posting, source_job_id=f"{dataset}:{own}", extra=fields.rest())


class _Record(Item):
    """An item whose fields are found by the mapping, whatever the spelling of their names."""

    def __init__(self, raw: Any, mapping: FieldMapping) -> None:
        super().__init__(raw)
        self._constants = mapping.constants
        self._paths = mapping.present(tuple(self.raw))

    def take_field(self, read: Callable[[Any], T | None], field: Field) -> T | None:
        """The first alternative that `read` can use, else the constant."""
        paths = self._paths.get(field)
        found = self.take(read, *map(self._spelled, paths)) if paths else None
        return read(self._constants.get(field)) if found is None else found

    def _spelled(self, path: str) -> str:
        """The path in the record's own spelling; only the part below the top is still to be found."""
        if path in self.raw:
            return path
        value: Any = self.raw
        keys: list[str] = []
        for key in path.split("."):
            spelled = _spellings(tuple(value)).get(_plain(key), key) if isinstance(value, dict) else key
            value = value.get(spelled) if isinstance(value, dict) else None
            keys.append(spelled)
        return ".".join(keys)


def _without_missing(record: dict[str, Any], missing: frozenset[str]) -> dict[str, Any]:
    """The record without values that mean "none": -1 may be written as text or as a number."""
    return {k: v for k, v in record.items() if not (isinstance(v, str | int | float) and str(v) in missing)}


@lru_cache(maxsize=4096)
def _plain(name: str) -> str:
    return _NOT_NAME.sub("", name.lower()) or name


@lru_cache(maxsize=1024)
def _spellings(keys: tuple[str, ...]) -> dict[str, str]:
    return {_plain(key): key for key in reversed(keys)}


def _company(fields: _Record) -> str | None:
    """A name has one line: some dumps write the employer's rating below it."""
    written = fields.take_field(values.text, "company")
    return values.one_line(written.splitlines()[0]) if written else None


def _listed(value: Any) -> list[str] | None:
    """A list of texts, from a list, a Python or JSON list written as text, or text with separators."""
    if isinstance(value, str) and value.lstrip().startswith("[") and len(value) < 100_000:
        try:
            value = ast.literal_eval(value.strip())
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return None
    entries = _BETWEEN.split(value) if isinstance(value, str) else value if isinstance(value, list) else [value]
    found = [values.one_line(entry) for entry in entries]
    if isinstance(value, list) and not all(found):
        return None
    return [entry for entry in found if entry] or None


def _places(fields: _Record) -> list[Place]:
    city, region = fields.take_field(values.one_line, "city"), fields.take_field(values.one_line, "region")
    country = fields.take_field(values.country, "country")
    latitude = fields.take_field(lambda v: values.coordinate(v, 90), "latitude")
    longitude = fields.take_field(lambda v: values.coordinate(v, 180), "longitude")
    named = fields.take_field(_names, "location") or []
    written = ", ".join(part for part in (city, region, country and country.upper()) if part)
    if len(named) <= 1 and (named or written or latitude is not None):
        text = named[0] if named else written or None
        return [Place(text=text, city=city, region=region, country=country, latitude=latitude, longitude=longitude)]
    return [Place(text=name) for name in named]


def _names(value: Any) -> list[str] | None:
    entries = value if isinstance(value, list) else [value]
    found = [values.one_line(entry) for entry in entries]
    return [name for name in found if name] if found and all(found) else None


def _pay(fields: _Record) -> OfferedPay | None:
    words = fields.take_field(values.one_line, "pay_text")
    low, high = fields.take_field(values.amount, "pay_minimum"), fields.take_field(values.amount, "pay_maximum")
    if words is None and low is None and high is None:
        return None
    return OfferedPay(
        text=words,
        minimum=low,
        maximum=high,
        currency=fields.take_field(values.currency, "pay_currency"),
        period=fields.take_field(values.period, "pay_period"),
    )


def _digest(posting: SourcePosting, record: Any) -> str:
    """An id for a record without one: the same posting gets the same, whatever counters stand beside it."""
    body = posting.description_html or posting.description_text
    own = (posting.title, posting.url, body)
    said = [*own, posting.company, [place.text for place in posting.places]] if any(own) else record
    return hashlib.sha256(msgspec.json.encode(said)).hexdigest()[:24]
