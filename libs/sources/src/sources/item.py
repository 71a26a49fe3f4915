"""An item of a payload that knows which of its fields were read, so that the rest is kept and nothing is dropped."""

from collections.abc import Callable, Collection
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar

from sources import values
from sources.errors import MappingError

T = TypeVar("T")


class Item:
    """Reads fields by dotted path. A field counts as read only if its value could be used."""

    def __init__(self, raw: Any) -> None:
        """`raw` must be an object: MappingError otherwise."""
        if not isinstance(raw, dict):
            raise MappingError("not_an_object", f"the item is {type(raw).__name__}, not an object")
        self.raw = raw
        self._read: set[str] = set()

    def look(self, path: str) -> Any:
        """The value at a path, not counted as read; None if there is none."""
        value: Any = self.raw
        if path in self.raw:
            return self.raw[path]
        for key in path.split("."):
            if not isinstance(value, dict):
                return None
            value = value.get(key)
        return value

    def take(self, read: Callable[[Any], T | None], *paths: str) -> T | None:
        """The first path whose value `read` can use; that field is read."""
        for path in paths:
            value = self.look(path) if "." in path else self.raw.get(path)
            if value is not None and (found := read(value)) is not None:
                self._read.add(path)
                return found
        return None

    def text(self, *paths: str) -> str | None:
        """Text, stripped."""
        return self.take(values.text, *paths)

    def line(self, *paths: str) -> str | None:
        """A text without line breaks."""
        return self.take(values.one_line, *paths)

    def link(self, *paths: str) -> str | None:
        """An absolute web address."""
        return self.take(values.link, *paths)

    def amount(self, *paths: str) -> Decimal | None:
        """An exact number."""
        return self.take(values.amount, *paths)

    def moment(self, *paths: str) -> datetime | None:
        """A time in UTC."""
        return self.take(values.moment, *paths)

    def strings(self, *paths: str) -> list[str]:
        """The texts of a list, or a single text as a list of one."""
        return self.take(_strings, *paths) or []

    def known(self, *paths: str) -> None:
        """Texts and lists that say again what was read from another field: not to be kept."""
        self._read.update(path for path in paths if isinstance(self.look(path), str | list))

    def repeated(self, said: Collection[str], *paths: str) -> None:
        """Fields whose text is one of those already `said` elsewhere: not to be kept."""
        self.known(*(path for path in paths if isinstance(found := self.look(path), str) and found in said))

    def rest(self) -> dict[str, Any]:
        """All fields that were not read and say something, free of NUL bytes; MappingError if nested too deeply."""
        try:
            return _without(self.raw, self._read, _around(self._read), "")
        except RecursionError as error:
            raise MappingError("nested_too_deeply", "no posting needs hundreds of levels") from error


def _strings(value: Any) -> list[str] | None:
    found = [values.one_line(entry) for entry in (value if isinstance(value, list) else [value])]
    # A list that is not all text stays whole in the rest.
    return [entry for entry in found if entry] if all(found) else None


def _around(read: set[str]) -> set[str]:
    """The objects in which something was read."""
    return {path[:at] for path in read if "." in path for at, sign in enumerate(path) if sign == "."}


def _without(raw: dict[str, Any], read: set[str], partly: set[str], prefix: str) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for key, value in raw.items():
        path = f"{prefix}{key}"
        if value is None or path in read:
            continue
        opened = isinstance(value, dict) and path in partly
        left = _without(value, read, partly, f"{path}.") if opened else clean(value)
        if left not in ("", [], {}):
            kept[clean(str(key))] = left
    return kept


def clean(value: Any) -> Any:
    """The value with the NUL bytes of its texts removed: no database takes them."""
    if isinstance(value, str):
        return value.replace("\x00", "") if "\x00" in value else value
    if isinstance(value, list):
        return [clean(entry) for entry in value]
    if isinstance(value, dict):
        return {clean(str(key)): clean(entry) for key, entry in value.items()}
    return value
