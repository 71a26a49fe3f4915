"""The bronze archive: every page whole, once."""

import asyncio
import hashlib
from dataclasses import dataclass
from datetime import datetime

from common.storage import DamagedObjectError, ObjectMissingError, ObjectStore
from extractor.domain.archive_key import archive_key
from extractor.domain.envelope import Provenance, RawPage, pack, unpack
from extractor.errors import DamagedPageError


@dataclass(frozen=True, slots=True)
class ArchivedPage:
    """A page with its key in the archive, the sha256 and size of the object; `reused`: it was there already."""

    page: RawPage
    key: str
    sha256: str
    bytes: int
    reused: bool = False


class Archive:
    """Pages under the keys of REQUIREMENTS §0.

    Two queries of a run that read the same feed want the same key: the second gets one of its own. A page whose
    object is damaged is treated like another's, so that it can be archived again.
    """

    def __init__(self, store: ObjectStore, prefix: str) -> None:
        self._store = store
        self._prefix = prefix

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

    async def raw(self, key: str, sha256: str) -> bytes:
        """The object as archived (gzip); DamagedObjectError, ObjectMissingError, StorageUnavailableError."""
        return await self._store.get(key, sha256=sha256)

    async def _read(self, key: str, asked: Provenance) -> ArchivedPage | None:
        try:
            data = await self._store.get(key)
            page, owner = await asyncio.to_thread(unpack, data)
        except (DamagedObjectError, DamagedPageError):
            return None
        if owner.unit_id != asked.unit_id:
            return None
        return ArchivedPage(page, key, hashlib.sha256(data).hexdigest(), len(data), reused=True)

    def _keys(self, asked: Provenance, requested_at: datetime) -> tuple[str, str]:
        where = (self._prefix, asked.source, asked.feed, requested_at, asked.run_id, asked.page)
        return archive_key(*where), archive_key(*where, unit_id=asked.unit_id)


def _packed(page: RawPage, asked: Provenance) -> tuple[bytes, str]:
    data = pack(page, asked)
    return data, hashlib.sha256(data).hexdigest()
