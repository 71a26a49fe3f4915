"""Saved payloads of providers as they are served: a folder for each source, a file for each board."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from sources.adapter import SourceAdapter
from sources.saved import SavedItem, saved_items


class Saved:
    """Given entries of one board."""

    def __init__(self, entries: list[Any]) -> None:
        self.entries = entries

    def __len__(self) -> int:
        return len(self.entries)

    def entry(self, index: int, part: str | None = None) -> bytes:
        """One entry, or the `head` or `detail` of one that has them apart."""
        entry = self.entries[index]
        apart = part is not None and isinstance(entry, dict) and part in entry
        return msgspec.json.encode(entry[part] if apart else entry)

    def index_of(self, text: str) -> int | None:
        """The position of the entry one of whose values is this text."""
        return next((n for n, entry in enumerate(self.entries) if text in _texts(entry)), None)


def saved_boards(adapter: SourceAdapter, folder: Path) -> dict[str, Saved]:
    """The boards of a source in its folder, each named by its file up to the first `_` or `.`."""
    found: dict[str, list[Any]] = {}
    for path in sorted(p for p in folder.iterdir() if p.is_file()):
        board = path.name.partition(".")[0].partition("_")[0]
        with path.open("rb") as stream:
            items = [item.raw for item in saved_items(adapter, stream, path.name) if isinstance(item, SavedItem)]
        found.setdefault(board, []).extend(items)
    return {board: Saved(entries) for board, entries in found.items()}


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict | list):
        for entry in value.values() if isinstance(value, dict) else value:
            yield from _texts(entry)
    elif value is not None:
        yield str(value)
