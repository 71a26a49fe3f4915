"""The bronze archive: every page whole, once."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

import structlog

from common.storage import DamagedObjectError, ObjectMissingError, ObjectStore, StorageUnavailableError, StoredObject
from extractor.domain.archive_key import Placed, archive_key, read_key, source_prefix
from extractor.domain.envelope import Provenance, RawPage, pack, unpack
from extractor.errors import DamagedPageError

T = TypeVar("T")
#: Seconds between two tries of an archive that is away.
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 5.0
_log = structlog.get_logger()


async def once_available(step: Callable[[], Awaitable[T]], sleep: Callable[[float], Awaitable[None]]) -> T:
    """An archive that is away or full is infrastructure: wait, count no attempt, do not ask the source again."""
    pause = _FIRST_PAUSE
    while True:
        try:
            return await step()
        except StorageUnavailableError as error:
            _log.warning("archive_unavailable", error=str(error), again_in=pause)
        await sleep(pause)
        pause = min(_LONGEST_PAUSE, pause * 2)


@dataclass(frozen=True, slots=True)
class ArchivedPage:
    """A page with its key in the archive, the sha256 and size of the object; `reused`: it was there already."""

    page: RawPage
    key: str
    sha256: str
    bytes: int
    reused: bool = False

    @property
    def emptied(self) -> "ArchivedPage":
        """Without the payload, which is the largest thing that a page keeps in memory."""
        return replace(self, page=replace(self.page, payload=None))


class Archive:
    """Pages under the keys of REQUIREMENTS §0.

    Two queries of a run that read the same feed want the same key: the second gets one of its own. A page whose
    object is damaged is treated like another's, so that it can be archived again.
    """

    def __init__(self, store: ObjectStore, prefix: str) -> None:
        self._store = store
        self.prefix = prefix

    async def find(self, asked: Provenance, requested_at: datetime) -> ArchivedPage | None:
        """The page that an earlier execution of this unit archived; StorageUnavailableError."""
        for key in self._keys(asked, requested_at):
            try:
                found = await self._read(key, asked)
            except ObjectMissingError:
                return None
            if found is not None:
                return found
        return None

    async def keep(self, page: RawPage, asked: Provenance, requested_at: datetime) -> ArchivedPage:
        """The page as it is archived now: this one, or the one that a twin was faster to archive."""
        data, sha256 = await asyncio.to_thread(_packed, page, asked)
        for key in self._keys(asked, requested_at):
            if await self._store.put_if_absent(key, data, {"content-type": "application/gzip", "sha256": sha256}):
                return ArchivedPage(page, key, sha256, len(data))
            twin = await self._read(key, asked)
            if twin is not None:
                return twin
        raise DamagedPageError(f"{asked.unit_id}: both archive keys hold something else")

    async def raw(self, key: str, sha256: str | None = None) -> bytes:
        """The object as archived (gzip); DamagedObjectError, ObjectMissingError, StorageUnavailableError."""
        return await self._store.get(key, sha256=sha256)

    async def stored(self, key: str, sha256: str | None = None) -> RawPage:
        """The page under a key; DamagedPageError, ObjectMissingError, StorageUnavailableError.

        Its digest is checked where it is given or kept by the store, that of its payload always.
        """
        try:
            data = await self._store.get(key, sha256=sha256)
        except DamagedObjectError as error:
            raise DamagedPageError(str(error)) from error
        return (await asyncio.to_thread(unpack, data))[0]

    async def objects(self, source: str | None = None) -> AsyncIterator[tuple[StoredObject, Placed | None]]:
        """All objects, of one source if asked, and what their keys tell; None for what is no page of ours."""
        async for found in self._store.list(self.prefix_of(source).rstrip("/")):
            yield found, read_key(self.prefix, found.key)

    def prefix_of(self, source: str | None = None) -> str:
        """What all keys begin with, of one source if asked."""
        return f"{source_prefix(self.prefix, source) if source else self.prefix.strip('/')}/"

    async def remove(self, keys: Sequence[str]) -> None:
        """Delete objects; StorageUnavailableError."""
        await self._store.remove(keys)

    async def _read(self, key: str, asked: Provenance) -> ArchivedPage | None:
        try:
            data = await self._store.get(key)
            page, owner = await asyncio.to_thread(unpack, data)
        except (DamagedObjectError, DamagedPageError):
            return None
        if owner.unit_id != asked.unit_id:
            return None
        return ArchivedPage(page, key, hashlib.sha256(data).hexdigest(), len(data), reused=True)

    def _keys(self, asked: Provenance, requested_at: datetime) -> Iterator[str]:
        where = (self.prefix, asked.source, asked.feed, requested_at, asked.run_id, asked.page)
        yield archive_key(*where)
        yield archive_key(*where, unit_id=asked.unit_id)


def _packed(page: RawPage, asked: Provenance) -> tuple[bytes, str]:
    data = pack(page, asked)
    return data, hashlib.sha256(data).hexdigest()
