"""A thin face over obstore: put if absent, get with a check of the digest, list by prefix."""

import hashlib
import os
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import LocalStore, MemoryStore, S3Store


class StorageUnavailableError(Exception):
    """The store did not answer, refused, or is full; the call may be repeated."""


class ObjectMissingError(Exception):
    """No object under this key."""


class DamagedObjectError(Exception):
    """The bytes stored are not the bytes that were put."""


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An entry of a listing."""

    key: str
    size: int
    modified_at: datetime


class ObjectStore:
    """Objects under a root URL, which are written once and never changed.

    The sha256 of the bytes goes into the object's metadata and is checked on reading. A file system keeps no
    metadata: there the caller passes the digest it has kept (`get(key, sha256=…)`).
    """

    def __init__(self, store: LocalStore | MemoryStore | S3Store) -> None:
        self._store = store

    @classmethod
    def from_url(cls, url: str) -> "ObjectStore":
        """`file:///dir` (created if absent), `s3://bucket/prefix` (AWS_* environment) or `memory:///` (tests)."""
        parts = urlsplit(url)
        match parts.scheme:
            case "file":
                # Folders that a removal leaves empty go too.
                return cls(LocalStore(Path(url2pathname(parts.path)), mkdir=True, automatic_cleanup=True))
            case "memory":
                return cls(MemoryStore())
            case "s3":
                return cls(_s3(url))
            case _:
                raise ValueError(f"storage URL must start with file://, s3:// or memory://, not {parts.scheme}://")

    async def put_if_absent(self, key: str, data: bytes, metadata: Mapping[str, str] | None = None) -> bool:
        """True if these bytes are now stored under `key`; False if there was an object already, left as it is.

        `metadata` may bring the sha256 (hex) of `data` where the caller has it already.
        """
        attributes = dict(metadata or {})
        if "sha256" not in attributes:
            attributes["sha256"] = hashlib.sha256(data).hexdigest()
        with _translated(key):
            try:
                await self._store.put_async(key, data, mode="create", attributes=self._kept(attributes))
            except AlreadyExistsError:
                return False
            except FileNotFoundError as error:  # a put answers "not found" for the bucket, not for the object
                raise StorageUnavailableError(f"{key}: no such bucket") from error
        return True

    async def get(self, key: str, *, sha256: str | None = None) -> bytes:
        """The object's bytes; DamagedObjectError where they do not have the digest kept with them or given."""
        with _translated(key):
            result = await self._store.get_async(key)
            data = bytes(await result.bytes_async())
        actual = hashlib.sha256(data).hexdigest()
        for expected in (sha256, result.attributes.get("sha256")):
            if expected and expected != actual:
                raise DamagedObjectError(f"{key}: sha256 is {actual}, expected {expected}")
        return data

    async def exists(self, key: str) -> bool:
        """Whether there is an object under `key`."""
        try:
            with _translated(key):
                await self._store.head_async(key)
        except ObjectMissingError:
            return False
        return True

    async def remove(self, keys: Sequence[str]) -> None:
        """Delete objects; those that are gone already are no error."""
        for key in keys:
            with _translated(key), suppress(FileNotFoundError):
                await self._store.delete_async(key)

    async def list(self, prefix: str = "") -> AsyncIterator[StoredObject]:
        """All objects whose key begins with the path segments of `prefix`, in no particular order."""
        with _translated(prefix):
            async for batch in self._store.list(prefix or None):
                for item in batch:
                    yield StoredObject(item["path"], item["size"], item["last_modified"])

    def _kept(self, attributes: dict[str, str]) -> dict[str, str] | None:
        return None if isinstance(self._store, LocalStore) else attributes


def _s3(url: str) -> S3Store:
    endpoint = os.environ.get("AWS_ENDPOINT_URL", "")
    return S3Store.from_url(
        url,
        checksum_algorithm="SHA256",  # the server checks the upload
        client_options={"allow_http": endpoint.startswith("http://"), "timeout": "10s", "connect_timeout": "5s"},
        retry_config={"max_retries": 4, "retry_timeout": timedelta(seconds=30)},
    )


@contextmanager
def _translated(key: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise ObjectMissingError(key) from error
    except (BaseError, OSError) as error:
        # obstore appends its source's debug print after the first line.
        raise StorageUnavailableError(f"{key}: {str(error).splitlines()[0]}") from error
