"""Finds the sources: every module of `sources.adapters` holds one, as `ADAPTER`."""

import importlib
import pkgutil
from functools import cache
from typing import cast

import sources.adapters
from sources.adapter import SourceAdapter
from sources.errors import SourceRejectedError

_registered: dict[str, SourceAdapter] = {}


@cache
def _shipped() -> dict[str, SourceAdapter]:
    modules = (
        importlib.import_module(f"sources.adapters.{m.name}") for m in pkgutil.iter_modules(sources.adapters.__path__)
    )
    found = (cast("SourceAdapter", module.ADAPTER) for module in modules)
    return {adapter.name: adapter for adapter in found}


def register(adapter: SourceAdapter) -> None:
    """Add a source that is not shipped (tests, plug-ins); the same name replaces the shipped one."""
    _registered[adapter.name] = adapter


def unregister(name: str) -> None:
    """Take a registered source away again."""
    _registered.pop(name, None)


def adapters() -> dict[str, SourceAdapter]:
    """All sources by name, in the order of their names."""
    return dict(sorted({**_shipped(), **_registered}.items()))


def adapter_of(name: str) -> SourceAdapter:
    """The source of this name; SourceRejectedError that lists the known ones."""
    found = _registered.get(name) or _shipped().get(name)
    if found is None:
        raise SourceRejectedError("source_unknown", f"there is no source {name!r}; known: {', '.join(adapters())}")
    return found
