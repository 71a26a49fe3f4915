"""Dumps of postings on disk: JSON, JSON Lines or CSV, plain or gzipped, one file or a glob, 100 records a page."""

import asyncio
from collections import OrderedDict
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from threading import Lock
from typing import Any

from common.contracts import SourcePosting, SourceQuery
from sources.adapter import FetchedPage, PageRequest, SourceAdapter
from sources.client import SourceClient
from sources.errors import MappingError, SourceRejectedError
from sources.field_mapping import file_mappings, map_record
from sources.page import list_in, path_safe
from sources.record_files import BrokenRecord, records, stem_of
from sources.settings import SourceSettings
from sources.terms import Terms

PAGE_SIZE = 100
_PARAMS = {"path", "mapping", "dataset", "items"}
#: Readers that stay open between two pages of one run; a lost one costs reading the file again up to the page.
_OPEN_READERS = 16


EXAMPLE = {
    "file": "dump.jsonl", "first_record": 0, "dataset": "dump", "mapping": "default", "next": None,
    "records": [
        {
            "record": {
                "id": "4711", "title": "Data Engineer", "company": "Acme", "company_url": "https://acme.example",
                "url": "https://acme.example/jobs/4711", "apply_url": "https://acme.example/jobs/4711/apply",
                "description": "You will build pipelines in Python.", "location": "Toronto, ON", "city": "Toronto",
                "region": "ON", "country": "CA", "employment_type": "full-time", "remote": "hybrid",
                "seniority": "Senior", "department": "Data", "company_size": "51-200", "tags": "python, sql",
                "salary": "95,000 to 125,000", "min_amount": 95000, "max_amount": 125000, "currency": "CAD",
                "interval": "yearly", "language": "en", "date_posted": "2026-11-02", "valid_through": "2026-12-31",
            }
        }
    ],
}  # fmt: skip


class Files(SourceAdapter):
    """`params: {path: dumps/*.jsonl.gz, mapping: jobspy}`; `items` is the path to the list in a JSON document.

    FILES_BASE_URL is the directory that relative paths start at and that no path may leave. The data set, part of every
    posting's id, is `params.dataset`, else the mapping, else the file's name: so a newer dump read by the same mapping
    finds its postings again, and two dumps without mapping never overwrite each other.
    """

    name = "files"
    settings = SourceSettings()
    terms = Terms(
        allowed_use="your own files; whoever made a dump says what it may be used for",
        good_for="dumps of postings in JSON, JSON Lines or CSV, from anywhere",
    )
    example = EXAMPLE

    def __init__(self) -> None:
        self._readers: OrderedDict[tuple[str, int, int, int], Iterator[Any]] = OrderedDict()
        self._lock = Lock()

    async def fetch(self, client: SourceClient, request: PageRequest) -> FetchedPage:
        """Up to 100 records of one file; the cursor is `file index:records to skip`."""
        sent_at = client.now()
        try:
            payload = await asyncio.to_thread(self._page, client.settings, request)
        except OSError as error:
            raise SourceRejectedError("file_unreadable", str(error)) from error
        return FetchedPage(
            endpoint="file",
            params=request.source.params,
            sent_at=sent_at,
            received_at=client.now(),
            status=200,
            payload=payload,
        )

    def items(self, payload: Any) -> list[Any]:
        """Each record with the name of its data set and mapping, so that it can be mapped on its own."""
        rows = list_in(payload, "records")
        shared = {"dataset": str(payload.get("dataset")), "mapping": str(payload.get("mapping"))}
        return [{**shared, **row} if isinstance(row, dict) else row for row in rows]

    def next_cursor(self, payload: Any, request: PageRequest) -> str | None:
        """What the reader found out while reading."""
        following = payload.get("next") if isinstance(payload, dict) else None
        return following if isinstance(following, str) else None

    def map_to_common(self, item: Any, feed: str = "") -> SourcePosting:
        """The record by its mapping."""
        if not isinstance(item, dict) or "record" not in item:
            broken = item.get("broken") if isinstance(item, dict) else None
            raise MappingError("record_unreadable", str(broken or item)[:1000])
        mapping = file_mappings().mappings.get(str(item.get("mapping")))
        if mapping is None:
            raise MappingError("mapping_unknown", f"config/files.yml has no mapping {item.get('mapping')!r}")
        return map_record(item["record"], mapping, str(item.get("dataset")))

    def check(self, query: SourceQuery) -> list[str]:
        """A path, a known mapping, nothing else."""
        faults = [f"files does not know params.{name}" for name in sorted(set(query.params) - _PARAMS)]
        faults += [
            f"params.{n} must be text" for n, v in query.params.items() if n in _PARAMS and not isinstance(v, str)
        ]
        if not query.params.get("path"):
            faults.append("files needs params.path: a file or a glob such as dumps/*.jsonl.gz")
        if (mapping := query.params.get("mapping", "default")) not in file_mappings().mappings:
            faults.append(f"there is no mapping {mapping!r}; known: {', '.join(sorted(file_mappings().mappings))}")
        return faults

    def feed(self, query: SourceQuery) -> str:
        """The data set, or the mapping, or the path."""
        params = query.params
        return path_safe(str(params.get("dataset") or params.get("mapping") or params.get("path", "")))

    def _page(self, settings: SourceSettings, request: PageRequest) -> dict[str, Any]:
        params = request.source.params
        paths = _paths(settings.base_url, str(params.get("path", "")))
        index, skip = _position(request.cursor, len(paths))
        rows: list[Any] = []
        following: str | None = None
        while True:
            path = paths[index]
            rows, more = self._read(path, skip, params.get("items"), settings)
            last_file = index + 1 == len(paths)
            following = f"{index}:{skip + len(rows)}" if more else None if last_file else f"{index + 1}:0"
            if rows or last_file:
                break
            index, skip = index + 1, 0
        mapping = params.get("mapping", "default")
        dataset = params.get("dataset") or (mapping if mapping != "default" else stem_of(path))
        return {
            "file": path.name,
            "first_record": skip,
            "dataset": dataset,
            "mapping": mapping,
            "records": [_row(row) for row in rows],
            "next": following,
        }

    def _read(self, path: Path, skip: int, items: str | None, settings: SourceSettings) -> tuple[list[Any], bool]:
        """The records after the first `skip`, and whether more follow."""
        state = path.stat()
        key = (f"{path}?{items}", state.st_mtime_ns, state.st_size, skip)
        with self._lock:
            reader = self._readers.pop(key, None)
        if reader is None:
            reader = islice(records(path, items, settings.max_response_bytes), skip, None)
        rows = list(islice(reader, PAGE_SIZE))
        ahead = list(islice(reader, 1))
        if ahead:
            with self._lock:
                self._readers[(*key[:3], skip + len(rows))] = chain(ahead, reader)
                while len(self._readers) > _OPEN_READERS:
                    self._readers.popitem(last=False)
        return rows, bool(ahead)


def _row(row: Any) -> dict[str, Any]:
    if isinstance(row, BrokenRecord):
        return {"broken": f"line {row.line}: {row.reason}: {row.start}"}
    return {"record": row}


def _position(cursor: str | None, files: int) -> tuple[int, int]:
    index, _, skip = (cursor or "0:0").partition(":")
    if not (index.isdecimal() and skip.isdecimal() and int(index) < files):
        raise SourceRejectedError("cursor_invalid", f"cursor {cursor!r} does not fit {files} files")
    return int(index), int(skip)


def _paths(root: str, pattern: str) -> list[Path]:
    """The files of a path or glob in a stable order; SourceRejectedError says what to do if there are none."""
    base = Path(root.removeprefix("file://") or ".").resolve()
    wanted = base / pattern
    found = [wanted] if wanted.is_file() else _globbed(wanted)
    if root and any(not path.resolve().is_relative_to(base) for path in found):
        raise SourceRejectedError("path_outside", f"{pattern} leaves {base}, the directory set by FILES_BASE_URL")
    if not found:
        raise SourceRejectedError("file_missing", f"no file matches {wanted}; set params.path to a file or a glob")
    return found


def _globbed(wanted: Path) -> list[Path]:
    pattern = str(wanted.relative_to(wanted.anchor))
    try:
        return sorted(path for path in Path(wanted.anchor).glob(pattern) if path.is_file())
    except (ValueError, OSError) as error:
        raise SourceRejectedError("path_invalid", f"{pattern}: {error}") from error


ADAPTER = Files()
