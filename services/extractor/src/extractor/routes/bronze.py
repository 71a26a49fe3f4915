"""HTTP: the archive checked against its index, and swept."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from sqlalchemy import Row

from common.storage import ObjectMissingError, StorageUnavailableError
from common.web.problems import ProblemError
from extractor.clients.archive import Archive
from extractor.errors import DamagedPageError
from extractor.routes.access import Wired
from extractor.routes.pages import Narrowed, Text

router = APIRouter()

#: Seconds after which a check answers with what it has, pages read at the same time, keys looked up at a time.
_CHECK_SECONDS, _AT_A_TIME, _KEYS = 5.0, 8, 1000
#: Objects that are named; the others are only counted.
_MOST_NAMED = 1000


class Fault(BaseModel):
    """A page, or an answer on a company, whose object is not what it should be."""

    id: uuid.UUID
    archive_key: str
    fault: Literal["damaged", "missing"]
    detail: str


class Checked(BaseModel):
    """What a check found; `next` goes into `after` for the rest, null at the end."""

    checked: int
    removed: int = Field(description="Those whose time was over: nothing to check.")
    faults: list[Fault]
    next: uuid.UUID | None


class Unindexed(BaseModel):
    """Objects that the index does not know."""

    objects: int = Field(description="Objects looked at.")
    unindexed: int
    keys: list[str] = Field(description=f"The first {_MOST_NAMED} of them.")


class Lifecycle(BaseModel):
    """A rule that the bucket follows by itself."""

    prefix: str
    tier_days: int | None
    expire_days: int


class SweptRead(BaseModel):
    """What was removed, or would be."""

    objects: int
    bytes: int
    by_source: dict[str, int]
    lifecycle: list[Lifecycle]


class Sweep(BaseModel):
    """How to sweep."""

    dry_run: bool = False


@router.get("/bronze/check", summary="Read archived pages and answers on companies, and compare their digests")
async def check(wired: Wired, asked: Annotated[Narrowed, Query()]) -> Checked:
    """As many as five seconds allow, in the order they were fetched."""
    async with wired.session.engine.connect() as conn:
        rows = await wired.bronze.archived(conn, asked.window, after=asked.after, limit=asked.limit)
    found = Checked(checked=0, removed=0, faults=[], next=None)
    until = time.monotonic() + _CHECK_SECONDS
    for start in range(0, len(rows), _AT_A_TIME):
        part = rows[start : start + _AT_A_TIME]
        left = [row for row in part if row.removed_at is None]
        read = await asyncio.gather(*(_read(wired, row) for row in left))
        gone = len(part) - len(left) + read.count("removed")
        found.checked += len(part) - gone
        found.removed += gone
        found.faults += [fault for fault in read if isinstance(fault, Fault)]
        if time.monotonic() > until and start + _AT_A_TIME < len(rows):
            found.next = part[-1].id
            return found
    found.next = rows[-1].id if len(rows) == asked.limit else None
    return found


async def _read(wired: Wired, row: Row[Any]) -> Fault | Literal["whole", "removed"]:
    try:
        await wired.archive.stored(row.archive_key, row.sha256)
    except ObjectMissingError:
        # The index of answers does not say which a sweep has taken.
        if row.run_id is None and wired.sweeper.is_over(row.archive_key, datetime.now(UTC)):
            return "removed"
        return Fault(id=row.id, archive_key=row.archive_key, fault="missing", detail="no object under this key")
    except DamagedPageError as error:
        return Fault(id=row.id, archive_key=row.archive_key, fault="damaged", detail=str(error))
    except StorageUnavailableError as error:
        raise _away(error) from error
    return "whole"


@router.get("/bronze/unindexed", summary="Objects of the archive that the index does not know")
async def unindexed(
    wired: Wired, source: Text | None = None, day: date | None = None, run_id: Text | None = None
) -> Unindexed:
    """Found by their keys alone: what is listed here can be read with GET /pages/raw."""
    found = Unindexed(objects=0, unindexed=0, keys=[])
    async for keys in _keys(wired.archive, source, day, run_id):
        async with wired.session.engine.connect() as conn:
            known = await wired.bronze.indexed(conn, keys)
        strangers = [key for key in keys if key not in known]
        found.objects += len(keys)
        found.unindexed += len(strangers)
        found.keys += strangers[: _MOST_NAMED - len(found.keys)]
    return found


async def _keys(archive: Archive, source: str | None, day: date | None, run_id: str | None) -> AsyncIterator[list[str]]:
    keys: list[str] = []
    try:
        async for found, placed in archive.objects(source):
            if (day and (placed is None or placed.day != day)) or (
                run_id and (placed is None or placed.run_id != run_id)
            ):
                continue
            keys.append(found.key)
            if len(keys) == _KEYS:
                yield keys
                keys = []
    except StorageUnavailableError as error:
        raise _away(error) from error
    if keys:
        yield keys


@router.post("/bronze/sweep", summary="Remove pages whose time is over")
async def sweep(wired: Wired, asked: Sweep) -> SweptRead:
    """The extractor does so once a day; a bucket is also given its lifecycle rules here."""
    try:
        rules = await wired.sweeper.set_lifecycle(dry_run=asked.dry_run)
        swept = await wired.sweeper.sweep(datetime.now(UTC), dry_run=asked.dry_run)
    except StorageUnavailableError as error:
        raise _away(error) from error
    lifecycle = [Lifecycle(prefix=r.prefix, tier_days=r.tier_days, expire_days=r.expire_days) for r in rules]
    return SweptRead(objects=swept.objects, bytes=swept.bytes, by_source=dict(swept.by_source), lifecycle=lifecycle)


def _away(error: StorageUnavailableError) -> ProblemError:
    return ProblemError(503, "The archive does not answer", str(error), {"retry-after": "5"})
