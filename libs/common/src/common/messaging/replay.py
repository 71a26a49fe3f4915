"""The stage `replay`: what lies in quarantine goes through its stage again, as messages of the replay's own run."""

import asyncio
import hashlib
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import structlog
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from common.contracts import (
    REGISTRY,
    Event,
    Headers,
    PageRequested,
    PostingsRanked,
    ReplayRequested,
    RunRequested,
    UnreadableBodyError,
    decode,
    is_batch,
    is_open,
    posting_from_json,
    postings_in,
    registered,
    with_postings,
)
from common.messaging.errors import PermanentError
from common.messaging.quarantine import Quarantine, Selection
from common.messaging.unit import Child, Finished

#: Entries in one replay: each may become a child, and a finish declares at most this many.
MOST_ENTRIES = 500
_READ_AT_A_TIME = 50
_UNREADABLE = "still_unreadable"
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Entry:
    """A whole message or, with the batch that it came in as `event`, one posting."""

    id: uuid.UUID
    unit_id: str
    event: Event
    is_message: bool
    posting: Any = None


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An entry that cannot be read even now, and how many postings the books count for it."""

    id: uuid.UUID
    postings: int
    error: str


@dataclass(slots=True)
class Prepared:
    """All entries asked for, as far as they were there."""

    entries: list[Entry] = field(default_factory=list)
    unreadable: list[Unreadable] = field(default_factory=list)


class ReplayQuarantined:
    """Sends entries that are still open through their stage again and closes them, in one transaction.

    Of several replays that name an entry the first to lock it has it; the others find it closed.
    """

    event = ReplayRequested
    trial = None

    def __init__(self, service: str, engine: AsyncEngine) -> None:
        self.queue = f"{service}.control"
        self._engine = engine
        self._quarantine = Quarantine(service)

    async def prepare(self, headers: Headers, event: ReplayRequested) -> Prepared:
        """Read the entries and what is in them."""
        prepared, ids = Prepared(), _ids(event)
        for start in range(0, len(ids), _READ_AT_A_TIME):
            async with self._engine.connect() as conn:
                rows = await self._quarantine.load(conn, ids[start : start + _READ_AT_A_TIME])
            for read in await asyncio.to_thread(_read_all, rows):
                prepared.entries.append(read) if isinstance(read, Entry) else prepared.unreadable.append(read)
        return prepared

    async def apply(
        self, conn: AsyncConnection, headers: Headers, event: ReplayRequested, prepared: Prepared
    ) -> Finished:
        """What cannot be read stays open; the books count it as failed."""
        ids = _ids(event)
        still_open = set(await self._quarantine.take(conn, Selection(ids)))
        entries = [e for e in prepared.entries if e.id in still_open]
        unreadable = [u for u in prepared.unreadable if u.id in still_open]
        await self._quarantine.close(conn, [e.id for e in entries], "replayed", run_id=headers.run_id)
        for each in unreadable:
            await self._quarantine.record(conn, [each.id], _UNREADABLE, because=each.error, run_id=headers.run_id)
        units = [e for e in entries if registered(e.event.event_type).stage]
        finished = Finished(
            children=list(_children(units, headers.run_id)),
            aside=[e.event for e in entries if registered(e.event.event_type).aside],
        )
        finished.fetched = sum(child.postings for child in finished.children)
        _count_unreadable(finished, unreadable)
        if closed := len(ids) - len(entries) - len(unreadable):
            finished.reasons["no_longer_open"] = closed
        _log.info("quarantine_replayed", entries=len(entries), unreadable=len(unreadable), no_longer_open=closed)
        return finished


def _ids(event: ReplayRequested) -> list[uuid.UUID]:
    try:
        return [uuid.UUID(i) for i in dict.fromkeys(event.quarantine_ids)]
    except ValueError as error:
        raise PermanentError("ids_not_valid", str(error)) from error


def _read_all(rows: Sequence[Row[Any]]) -> list[Entry | Unreadable]:
    return [_read(row) for row in rows]


def _read(row: Row[Any]) -> Entry | Unreadable:
    postings = row.headers.get("postings", 0) if row.is_message else 1
    kind = next((r for r in REGISTRY if (r.stage or r.aside) and r.event.event_type == row.event_type), None)
    if kind is None:
        return Unreadable(row.id, postings, f"{row.event_type} is no unit of a run")
    if row.body is None or not (row.is_message or row.item):
        return Unreadable(row.id, postings, "its payload was not kept")
    try:
        if row.is_message:
            return Entry(row.id, row.unit_id, decode(kind.event, row.body, row.headers["sha256"]), is_message=True)
        batch = decode(kind.event, row.body, hashlib.sha256(row.body).hexdigest())
        posting = posting_from_json(batch, msgspec.json.decode(row.item))
        return Entry(row.id, row.unit_id, batch, is_message=False, posting=posting)
    except (UnreadableBodyError, msgspec.DecodeError) as error:
        return Unreadable(row.id, postings, str(error))


def _children(entries: Sequence[Entry], run_id: str) -> Iterator[Child]:
    """A message for each whole one, and one for all postings that came in the same message."""
    batches: dict[str, list[Entry]] = {}
    for entry in entries:
        if entry.is_message:
            yield _child(_of_run(entry.event, run_id))
        else:
            batches.setdefault(entry.unit_id, []).append(entry)
    for members in batches.values():
        yield _child(with_postings(members[0].event, [e.posting for e in members]))


def _child(event: Event) -> Child:
    if isinstance(event, PostingsRanked):
        return Child(event, sum(map(is_open, event.jobs)))
    return Child(event, sum(map(is_open, postings_in(event))) if is_batch(event) else 0)


def _of_run(event: Event, run_id: str) -> Event:
    """What names the run that it works for now works for this one."""
    if isinstance(event, RunRequested | PageRequested | ReplayRequested):
        return msgspec.structs.replace(event, run_id=run_id)
    return event


def _count_unreadable(finished: Finished, unreadable: Sequence[Unreadable]) -> None:
    if not unreadable:
        return
    finished.outcome = "failed"
    finished.error = f"{len(unreadable)} entries of quarantine cannot be read: {unreadable[0].error}"
    finished.reasons[_UNREADABLE] = 0
    for each in unreadable:
        finished.fetched += each.postings
        if each.postings:
            finished.count("failed", _UNREADABLE, each.postings)
        else:
            finished.reasons[_UNREADABLE] += 1
