"""`posthorn map`: saved payloads of any source as canonical postings, without server or database."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import typer

from common.contracts import SourcePosting
from posthorn.output import REFUSED, errors, screen
from sources.adapter import SourceAdapter
from sources.errors import MappingError, SourceError
from sources.record_files import BrokenRecord, records, stem_of
from sources.registry import adapter_of, adapters
from sources.saved import MAX_BYTES, SavedItem, Unreadable, saved_items

_STDIN = Path("-")
_encode = msgspec.json.Encoder(decimal_format="number").encode


def map_files(source: str, files: list[Path], feed: str, mapping: str, as_json: bool) -> None:
    """Print every posting of the files; typer.BadParameter for what is not there, exit code 1 after rejects."""
    adapter = _adapter(source)
    for path in files:
        if path != _STDIN and not path.is_file():
            raise typer.BadParameter(f"there is no file {path}")
    plain = as_json or not sys.stdout.isatty()
    mapped = rejected = 0
    for path in files:
        for found in _found(adapter, path, mapping):
            posting = _mapped(adapter, found, feed)
            if isinstance(posting, SourcePosting):
                mapped += 1
                _show(adapter.name, posting, plain)
            else:
                rejected += 1
                _tell({"file": str(path), **posting}, plain)
    if rejected:
        _tell({"mapped": mapped, "rejected": rejected}, plain)
        raise typer.Exit(REFUSED)


def _adapter(source: str) -> SourceAdapter:
    if source not in adapters():
        raise typer.BadParameter(f"there is no source {source!r}; known: {', '.join(adapters())}")
    return adapter_of(source)


def _found(adapter: SourceAdapter, path: Path, mapping: str) -> Iterator[SavedItem | Unreadable]:
    if path == _STDIN:
        yield from saved_items(adapter, sys.stdin.buffer, "-")
        return
    if adapter.name == "files":
        yield from _dump(adapter, path, mapping)
        return
    with path.open("rb") as stream:
        yield from saved_items(adapter, stream, path.name)


def _dump(adapter: SourceAdapter, path: Path, mapping: str) -> Iterator[SavedItem | Unreadable]:
    """The records of a dump as the source `files` reads them."""
    named = stem_of(path) if mapping == "default" else mapping
    try:
        for number, record in enumerate(records(path, None, MAX_BYTES), 1):
            if isinstance(record, BrokenRecord):
                yield Unreadable(record.line, "record_unreadable", f"{record.reason}: {record.start[:200]}")
                continue
            page = {"dataset": named, "mapping": mapping, "records": [{"record": record}]}
            yield SavedItem(adapter.items(page)[0], None, number)
    except SourceError as error:
        yield Unreadable(None, error.reason, error.detail)


def _mapped(adapter: SourceAdapter, found: SavedItem | Unreadable, feed: str) -> SourcePosting | dict[str, Any]:
    """The posting, or where and why there is none."""
    if isinstance(found, Unreadable):
        return {"line": found.line, "item": None, "reason": found.reason, "detail": found.detail}
    try:
        return adapter.map_to_common(found.raw, feed or found.feed)
    except MappingError as error:
        detail = f"{error.detail}; nor is it a page: {found.no_page}" if found.no_page else error.detail
        return {"line": found.line, "item": found.number, "reason": error.reason, "detail": detail}


def _show(source: str, posting: SourcePosting, plain: bool) -> None:
    if plain:
        sys.stdout.write(_encode({"source": source, **_whole(posting)}).decode() + "\n")
        return
    places = "; ".join(place.text or place.city or place.country or "" for place in posting.places)
    said = (posting.title, posting.company, places, posting.url)
    screen.print(" · ".join(part for part in said if part), markup=False, soft_wrap=True)


def _tell(what: dict[str, Any], plain: bool) -> None:
    if plain:
        sys.stderr.write(json.dumps(what, ensure_ascii=False).encode(errors="backslashreplace").decode() + "\n")
    elif "rejected" in what:
        errors.print(f"{what['mapped']} mapped, {what['rejected']} not", style="red")
    else:
        where = ":".join(str(what[part]) for part in ("file", "line", "item") if what[part] is not None)
        errors.print(f"{where}: {what['reason']}: {what['detail']}", style="red", markup=False, soft_wrap=True)


def _whole(value: Any) -> Any:
    """Structs with all their fields: those who read columns want each of them, in one order."""
    if isinstance(value, msgspec.Struct):
        return {name: _whole(getattr(value, name)) for name in value.__struct_fields__}
    return [_whole(entry) for entry in value] if isinstance(value, list) else value
