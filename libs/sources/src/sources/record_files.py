"""Streams the records of JSON, JSON Lines and CSV files, plain or gzipped; broken ones are marked, not lost."""

import codecs
import csv
import gzip
import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from sources.errors import SourceRejectedError
from sources.json_text import parse_json

#: A longer line is a broken record; the longest honest posting seen is far below.
MAX_RECORD_BYTES = 16 * 1024 * 1024
FORMATS = {".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "json", ".csv": "csv", ".tsv": "csv", ".txt": "csv"}


@dataclass(frozen=True, slots=True)
class BrokenRecord:
    """What could not be read: its line (or row) from 1, why, and how it starts."""

    line: int
    reason: str
    start: str


def format_of(path: Path) -> str:
    """`json`, `jsonl` or `csv` by the name, `.gz` aside; SourceRejectedError for another."""
    suffix = Path(path.name.removesuffix(".gz")).suffix.lower()
    if suffix not in FORMATS:
        raise SourceRejectedError("format_unknown", f"{path}: the name should end in {', '.join(FORMATS)} (and .gz)")
    return FORMATS[suffix]


def stem_of(path: Path) -> str:
    """The file's name without its endings."""
    return Path(path.name.removesuffix(".gz")).stem


def unzipped(stream: BinaryIO) -> BinaryIO:
    """What a stream holds, gzipped or not; reading raises EOFError, OSError or zlib.error where it is damaged.

    Read ahead no further than gzip does: what lies before the damage is to be had.
    """
    zipped = buffered(stream)
    found = gzip.GzipFile(fileobj=zipped) if zipped.peek(2)[:2] == b"\x1f\x8b" else zipped
    return cast("BinaryIO", found)


def buffered(stream: Any) -> io.BufferedReader:
    """The stream with a look ahead."""
    return io.BufferedReader(cast("io.RawIOBase", stream), 1 << 17)


def records(path: Path, items: str | None, max_bytes: int) -> Iterator[Any]:
    """The records in order; a JSON document is read whole, up to `max_bytes`, and `items` is the path to its list."""
    kind = format_of(path)
    with path.open("rb") as raw:
        stream = unzipped(raw)
        try:
            if kind == "jsonl":
                yield from _lines(stream)
            elif kind == "csv":
                yield from rows(stream)
            else:
                yield from _document(stream, items, path, max_bytes)
        except (EOFError, OSError, zlib.error) as error:
            yield BrokenRecord(0, f"the file ends early or is damaged: {error}", "")


def _lines(stream: BinaryIO, first: bytes = b"") -> Iterator[Any]:
    number = 0
    while line := first or stream.readline(MAX_RECORD_BYTES):
        first = b""
        number += 1
        if len(line) >= MAX_RECORD_BYTES and not line.endswith(b"\n"):
            while (rest := stream.readline(MAX_RECORD_BYTES)) and not rest.endswith(b"\n"):
                pass
            yield BrokenRecord(number, f"longer than {MAX_RECORD_BYTES} bytes", _start(line))
        elif line.strip(b" \t\r\n\x00\xef\xbb\xbf"):
            yield _record(line, number)


def _record(line: bytes, number: int) -> Any:
    try:
        # Raw NUL bytes are padding left by a crashed writer, never part of JSON.
        return parse_json(line.replace(b"\x00", b""))
    except ValueError as error:
        return BrokenRecord(number, f"no JSON: {error}", _start(line))


def _start(line: bytes) -> str:
    return line[:500].decode("utf-8", "replace").replace("\x00", "")


def _document(stream: BinaryIO, items: str | None, path: Path, max_bytes: int) -> Iterator[Any]:
    text = stream.read(max_bytes + 1)
    if len(text) > max_bytes:
        advice = "turn it into JSON Lines (.jsonl), which is read as a stream, or raise FILES_MAX_RESPONSE_BYTES"
        raise SourceRejectedError("file_too_large", f"{path} is JSON of over {max_bytes} bytes: {advice}")
    try:
        value = parse_json(text.replace(b"\x00", b""))
    except ValueError as error:
        if not _looks_like_lines(text):
            raise SourceRejectedError("file_unreadable", f"{path} is no JSON: {error}") from error
        yield from _lines(io.BytesIO(text))
        return
    yield from _list_at(value, items, path)


def _looks_like_lines(text: bytes) -> bool:
    """Many tools write JSON Lines into `.json`."""
    try:
        return isinstance(parse_json(text.lstrip(b"\xef\xbb\xbf \r\n").split(b"\n", 1)[0]), dict)
    except ValueError:
        return False


def _list_at(value: Any, items: str | None, path: Path) -> list[Any]:
    for key in items.split(".") if items else []:
        value = value.get(key) if isinstance(value, dict) else None
    if isinstance(value, list):
        return value
    if isinstance(value, dict) and not items:
        lists = [v for v in value.values() if isinstance(v, list) and v and all(isinstance(e, dict) for e in v)]
        # One list of objects is the envelope's content; none or several make the object itself the record.
        return lists[0] if len(lists) == 1 else [value]
    raise SourceRejectedError("items_missing", f"{path} has no list at {items or 'its top'}; set params.items")


def rows(stream: BinaryIO) -> Iterator[Any]:
    """The rows of a CSV file as objects; its encoding and separator are found out."""
    buffered = io.BufferedReader(cast("io.RawIOBase", stream), 1 << 17)
    head = buffered.peek(1 << 16)
    encoding = _encoding(head)
    lines = io.TextIOWrapper(buffered, encoding=encoding, errors="replace", newline="")
    csv.field_size_limit(MAX_RECORD_BYTES)
    reader = csv.DictReader(
        (line.replace("\x00", "") for line in lines),
        delimiter=_delimiter(head.decode(encoding, "replace")),
        restkey="unnamed",
    )
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield BrokenRecord(reader.line_num, f"no CSV: {error}", "")
            continue
        yield {(key or "unnamed"): value for key, value in row.items()}


def _encoding(head: bytes) -> str:
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8-sig"


def _delimiter(head: str) -> str:
    """The separator that the header line uses most."""
    header = head.partition("\n")[0]
    return max(",;\t|", key=header.count)
