"""Valid events of every registered type, made from the types of their fields, and their messages."""

from datetime import UTC, date, datetime
from functools import cache
from typing import Any

import msgspec
from msgspec import inspect

from common.contracts import Event, Headers, PostingsCollected, event_id, unit_id
from common.contracts.registry import REGISTRY
from common.messaging.outbox import outgoing
from common.messaging.protocol import Outgoing
from sources.sample.generator import generate

NOW = datetime(2026, 11, 21, 7, 30, tzinfo=UTC)
#: Fields whose text must be of a certain kind for the event to be taken.
_TEXTS = {
    "hash_key": "0123456789abcdef" * 2, "hash_keys": "0123456789abcdef" * 2, "content_hash": "fedcba9876543210" * 2,
    "campaign_id": "7f1c0f7e-50c4-4d51-9b2f-6f4f6f72746e", "source": "sample", "company_key": "89abcdef01234567" * 2,
}  # fmt: skip
_LEAVES: dict[type[inspect.Type], Any] = {
    inspect.BoolType: False, inspect.IntType: 7, inspect.FloatType: 1.5, inspect.AnyType: {"note": [1, "two", None]},
    inspect.DateTimeType: NOW.isoformat(), inspect.DateType: date(2026, 11, 20).isoformat(),
    inspect.DecimalType: "85000.50", inspect.NoneType: None, inspect.BytesType: "c29tZSBmaWxl",
}  # fmt: skip


def _filled(kind: inspect.Type, name: str = "") -> Any:
    """A JSON value of this type with every optional field given."""
    if isinstance(kind, inspect.StructType):
        return {field.encode_name: _filled(field.type, field.name) for field in kind.fields}
    if isinstance(kind, inspect.UnionType):
        return _filled(next(t for t in kind.types if not isinstance(t, inspect.NoneType)), name)
    if isinstance(kind, inspect.ListType):
        return [_filled(kind.item_type, name)]
    if isinstance(kind, inspect.DictType):
        return {_filled(kind.key_type): _filled(kind.value_type)}
    if isinstance(kind, inspect.LiteralType):
        return kind.values[0]
    if isinstance(kind, inspect.StrType):
        return _TEXTS.get(name, f"some {name or 'text'}")
    return _LEAVES[type(kind)]


@cache
def example(kind: type[Event]) -> Event:
    """A valid event with every field filled; a page of raw items holds real ones of the sample source."""
    if kind is PostingsCollected:
        return PostingsCollected(
            source="sample", feed="north", page=1, archive_key="k", collected_at=NOW, items=list(generate(3, 7))
        )
    return msgspec.convert(_filled(inspect.type_info(kind)), kind, strict=False)


@cache
def as_json(kind: type[Event]) -> Any:
    """The example as a JSON value, to be copied before it is changed."""
    return msgspec.json.decode(msgspec.json.encode(example(kind)))


def message(event: Event, name: str) -> Outgoing:
    """The event as the message of a unit of this name."""
    kind = event.event_type
    unit = unit_id("fuzz", name)
    template = Headers(
        event_id=event_id("fuzz", unit, kind), event_type=kind, run_id="fuzz", unit_id=unit, stage="fuzz",
        first_at=NOW, sha256="", campaign_id=_TEXTS["campaign_id"], traceparent="",
    )  # fmt: skip
    return outgoing(event, template, unit, "fuzz", postings=2)


KINDS: tuple[type[Event], ...] = tuple(entry.event for entry in REGISTRY)
