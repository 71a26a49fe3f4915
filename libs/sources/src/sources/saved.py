"""Reads saved payloads of a source: pages, lists, items, archived pages and JSON Lines of any of them, as a stream."""

import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, BinaryIO

from sources.adapter import SourceAdapter
from sources.errors import PagePayloadError
from sources.json_text import parse_json
from sources.record_files import BrokenRecord, buffered, rows, unzipped

#: A longer line or document is refused: what archives a page allows 64 MiB for it.
MAX_BYTES = 256 * 1024 * 1024
_BLANK = b" \t\r\n\x00\xef\xbb\xbf"
#: How many lines may be broken before a file counts as something else than JSON Lines.
_BROKEN_AT_FIRST = 3


@dataclass(frozen=True, slots=True)
class SavedItem:
    """An item and where it was found, counted from 1; `line` is None where the file is one document.

    `feed` is what an archived page says. `no_page` says why the item, which stands alone, is no page.
    """

    raw: Any
    line: int | None
    number: int
    feed: str = ""
    no_page: str = ""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """What is no payload of the source, where it stands, and why."""

    line: int | None
    reason: str
    detail: str


def saved_items(adapter: SourceAdapter, stream: BinaryIO, name: str) -> Iterator[SavedItem | Unreadable]:
    """The items of a file in their order; of JSON Lines no more than a line is held at a time."""
    for line, payload in _payloads(stream, name.lower().removesuffix(".gz")):
        if isinstance(payload, Unreadable):
            yield payload
            continue
        number = 0
        for found in _items(adapter, payload):
            number += isinstance(found, SavedItem)
            yield (
                replace(found, line=line, number=number) if isinstance(found, SavedItem) else replace(found, line=line)
            )


def _payloads(stream: BinaryIO, name: str) -> Iterator[tuple[int | None, Any]]:
    """What the file holds, by line or as a whole."""
    line: int | None = None
    try:
        for line, payload in _by_form(buffered(unzipped(stream)), name):
            yield line, payload
    except (EOFError, OSError, zlib.error) as error:
        yield line, Unreadable(None, "file_damaged", f"the file ends early or is damaged: {error}")


def _by_form(stream: io.BufferedReader, name: str) -> Iterator[tuple[int | None, Any]]:
    if name.endswith((".csv", ".tsv")):
        yield from enumerate(map(_row, rows(stream)), 2)
        return
    skipped, first = 0, b""
    while (first := stream.readline(MAX_BYTES)) and not first.strip(_BLANK):
        skipped += 1
    if name.endswith((".jsonl", ".ndjson")) or _is_json(first):
        yield from _lines(stream, first, skipped)
        return
    text = first + stream.read(MAX_BYTES)
    if len(text) >= MAX_BYTES:
        yield None, Unreadable(None, "file_too_large", f"one document of over {MAX_BYTES} bytes: write JSON Lines")
    elif _is_json(text):
        yield None, parse_json(text)
    elif any(map(_is_json, text.split(b"\n", _BROKEN_AT_FIRST)[1:_BROKEN_AT_FIRST])):
        yield from _lines(buffered(io.BytesIO(text)), b"", skipped)
    else:
        # As the client hands on what is no JSON: some sources have pages of HTML or XML.
        yield None, text.decode("utf-8", "replace")


def _lines(stream: io.BufferedReader, first: bytes, skipped: int) -> Iterator[tuple[int, Any]]:
    number = skipped
    while line := first or stream.readline(MAX_BYTES):
        number, first = number + 1, b""
        if not line.strip(_BLANK):
            continue
        try:
            yield number, parse_json(line.replace(b"\x00", b""))
        except ValueError as error:
            start = line[:200].decode("utf-8", "replace")
            yield number, Unreadable(number, "line_is_not_json", f"{error}: {start!r}")


def _is_json(text: bytes) -> bool:
    """Whether this is an object or a list as a whole."""
    try:
        return isinstance(parse_json(text.replace(b"\x00", b"")), dict | list)
    except ValueError:
        return False


def _row(row: Any) -> Any:
    return Unreadable(row.line, "line_is_not_csv", row.reason) if isinstance(row, BrokenRecord) else row


def _items(adapter: SourceAdapter, payload: Any, feed: str = "") -> Iterator[SavedItem | Unreadable]:
    """The items of a payload whose form is found out: archived page, page, list of anything, single item."""
    if _is_archived(payload):
        yield from _archived(adapter, payload)
        return
    if isinstance(payload, list) and any(isinstance(e, list) or _is_archived(e) for e in payload):
        for entry in payload:
            yield from _items(adapter, entry, feed)
        return
    try:
        found = adapter.items(payload)
    except PagePayloadError as error:
        if isinstance(payload, list):
            for entry in payload:
                yield from _items(adapter, entry, feed)
        elif isinstance(payload, dict):
            yield SavedItem(payload, None, 0, feed, str(error))
        else:
            yield Unreadable(None, error.reason, error.detail)
        return
    yield from (SavedItem(raw, None, 0, feed) for raw in found)


def _archived(adapter: SourceAdapter, envelope: dict[str, Any]) -> Iterator[SavedItem | Unreadable]:
    """A page of the bronze archive, which says where it is from."""
    ingest = envelope["ingest"]
    if (other := ingest.get("source", adapter.name)) != adapter.name:
        yield Unreadable(None, "other_source", f"this page was archived from {other}: posthorn map {other} …")
        return
    try:
        found = adapter.items(envelope["response"]["payload"])
    except PagePayloadError as error:
        yield Unreadable(None, error.reason, error.detail)
        return
    yield from (SavedItem(raw, None, 0, str(ingest.get("feed") or "")) for raw in found)


def _is_archived(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and isinstance(value.get("ingest"), dict)
        and isinstance(value.get("response"), dict)
        and "payload" in value["response"]
    )
