"""Lines of postings in any form that we know, from files, gzipped or not, and from standard input."""

import json
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import typer
import yaml

from common.contracts import Posting, SourcePosting
from common.settings import config_path
from normalizer.domain.canonical import FIELDS, canonical
from normalizer.domain.quality import rules_from
from normalizer.errors import RejectedError
from posthorn.output import REFUSED
from posthorn.plain_postings import plain_posting
from sources.record_files import unzipped

STDIN = Path("-")
_POSTING = frozenset(Posting.__struct_fields__)
#: What JSON, UTF-8, contracts and the reader of plain objects refuse.
_UNREADABLE = (msgspec.MsgspecError, UnicodeError, RecursionError, RejectedError, ValueError)


@dataclass(frozen=True, slots=True)
class Line:
    """A line that holds a JSON object; `number` counts from 1."""

    file: str
    number: int
    given: dict[str, Any]


class Canonical:
    """Makes canonical postings of lines, as the normalizer does, whatever form they have."""

    def __init__(self) -> None:
        # Rules of the gate repair values but turn nothing away: whoever pipes a posting wants it read.
        self._gate = rules_from(yaml.safe_load(config_path("dq.yml").read_text()), FIELDS, enforce=False)
        self._now = datetime.now(UTC)

    def posting(self, line: Line) -> Posting:
        """A canonical posting of any stage as it is, a plain object by its field names; ValueError and its like."""
        given = line.given
        if "content_hash" in given and "hash_key" in given:
            return msgspec.convert(given, Posting)
        known = "source_job_id" in given
        source = msgspec.convert(given, SourcePosting) if known else plain_posting(given, line.number)
        record = canonical(source, str(given.get("source") or "read"), self._now, self._gate).record
        shared = {name: getattr(record, name) for name in record.__struct_fields__ if name in _POSTING}
        return Posting(version=1, **shared)


def each_line(files: list[Path], work: Callable[[Line], object]) -> None:
    """Call `work` for every line in order; lines that it cannot read go to standard error, then the exit code is 1."""
    for path in files:
        if path != STDIN and not path.is_file():
            raise typer.BadParameter(f"there is no file {path}")
    failed = 0
    for path in files:
        for number, text in _texts(path):
            try:
                work(Line(str(path), number, _object(text)))
            except _UNREADABLE as error:
                failed += 1
                _tell({"file": str(path), "line": number, "error": _said(error)})
    if failed:
        sys.stdout.buffer.flush()
        raise typer.Exit(REFUSED)


def _object(text: bytes) -> dict[str, Any]:
    given = msgspec.json.decode(text)
    if not isinstance(given, dict):
        raise ValueError("a line must hold one JSON object, a posting")  # noqa: TRY004 - of the input, not of a type
    return given


def _texts(path: Path) -> Iterator[tuple[int, bytes]]:
    """Lines that hold something, with their numbers from 1."""
    with nullcontext(sys.stdin.buffer) if path == STDIN else path.open("rb") as stream:
        try:
            yield from _numbered(unzipped(stream))
        except (EOFError, OSError, zlib.error) as error:
            raise typer.BadParameter(f"{path} ends early or is damaged: {error}") from error


def _numbered(stream: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    for number, line in enumerate(stream, 1):
        if number == 1:
            line = line.removeprefix(b"\xef\xbb\xbf")  # noqa: PLW2901 - a byte order mark is no part of the line
        if stripped := line.strip():
            yield number, stripped


def _said(error: Exception) -> str:
    return f"{error.reason}: {error.detail}" if isinstance(error, RejectedError) else str(error)


def _tell(what: dict[str, Any]) -> None:
    sys.stderr.write(json.dumps(what, ensure_ascii=False).encode(errors="backslashreplace").decode() + "\n")
