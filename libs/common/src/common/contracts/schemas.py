"""JSON schemas of the contracts, and what a change of one would break."""

import inspect
from collections.abc import Iterator
from typing import Any

import msgspec

from common.contracts.events import Event
from common.contracts.headers import Headers
from common.contracts.registry import REGISTRY

Schema = dict[str, Any]
_NOT_MEANING = ("title", "description")


def event_schema(event: type[Event] | type[Headers]) -> Schema:
    """The schema of one event with everything it refers to, as kept under tests/contracts/schemas."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **_tidy(msgspec.json.schema(event))}


def golden_schemas() -> dict[str, Schema]:
    """The schema of every registered event and of the headers, by name."""
    return {"headers": event_schema(Headers)} | {r.event.event_type: event_schema(r.event) for r in REGISTRY}


def component_schemas(ref_template: str) -> dict[str, Schema]:
    """Every class of the contracts by name, each once."""
    classes = [Headers, *(r.event for r in REGISTRY)]
    _, components = msgspec.json.schema_components(classes, ref_template=ref_template)
    return {name: _tidy(components[name]) for name in sorted(components)}


def breaks(old: Schema, new: Schema) -> Iterator[str]:
    """What a receiver or sender of `old` could no longer rely on in `new`; nothing where the change is an addition.

    A default may not change either: a field that holds its default is left off the wire, so the default is its meaning.
    """
    for name, was in old["$defs"].items():
        now = new["$defs"].get(name, {"properties": {}})
        for field, schema in was["properties"].items():
            if field not in now["properties"]:
                yield f"{name}.{field} was removed"
            elif _bare(now["properties"][field]) != _bare(schema):
                yield f"{name}.{field} changed from {_bare(schema)} to {_bare(now['properties'][field])}"
        for field in sorted(set(now.get("required", ())) - set(was.get("required", ()))):
            yield f"{name}.{field} is required and was not"


def _bare(schema: Any) -> Any:
    if isinstance(schema, dict):
        return {key: _bare(value) for key, value in schema.items() if key not in _NOT_MEANING}
    return [_bare(value) for value in schema] if isinstance(schema, list) else schema


def _tidy(schema: Any) -> Any:
    """Docstrings as sentences: msgspec takes them with their indentation."""
    if not isinstance(schema, dict):
        return [_tidy(value) for value in schema] if isinstance(schema, list) else schema
    return {
        key: " ".join(inspect.cleandoc(value).split())
        if key == "description" and isinstance(value, str)
        else _tidy(value)
        for key, value in schema.items()
    }
