"""The object store on a file system and in memory: written once, checked on reading, listed by prefix."""

import hashlib
from pathlib import Path

import pytest

from common.storage import DamagedObjectError, ObjectMissingError, ObjectStore

KEY = "bronze/sample/date=2025/08/19/run=20250819T161530Z/page=0001.json.gz"


@pytest.fixture(params=["file", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    return ObjectStore.from_url((tmp_path / "the archive").as_uri() if request.param == "file" else "memory:///")


async def test_what_was_put_is_got(store: ObjectStore) -> None:
    assert await store.put_if_absent(KEY, b"\x00page", {"note": "x"})
    assert await store.get(KEY) == b"\x00page"
    assert await store.exists(KEY)


async def test_a_second_put_changes_nothing_and_says_so(store: ObjectStore) -> None:
    await store.put_if_absent(KEY, b"first")
    assert not await store.put_if_absent(KEY, b"second")
    assert await store.get(KEY) == b"first"


async def test_a_missing_object_is_named(store: ObjectStore) -> None:
    assert not await store.exists(KEY)
    with pytest.raises(ObjectMissingError, match=r"page=0001"):
        await store.get(KEY)


async def test_damage_is_seen_by_the_digest_that_the_caller_kept(store: ObjectStore) -> None:
    await store.put_if_absent(KEY, b"whole")
    assert await store.get(KEY, sha256=hashlib.sha256(b"whole").hexdigest()) == b"whole"
    with pytest.raises(DamagedObjectError):
        await store.get(KEY, sha256=hashlib.sha256(b"other").hexdigest())


async def test_listing_takes_whole_path_segments(store: ObjectStore) -> None:
    for key in ("a/run=1/p1", "a/run=1/p2", "a/run=10/p1"):
        await store.put_if_absent(key, b"1")
    assert sorted([o.key async for o in store.list("a/run=1")]) == ["a/run=1/p1", "a/run=1/p2"]
    assert {o.size async for o in store.list()} == {1}


async def test_a_key_cannot_leave_the_root(store: ObjectStore) -> None:
    with pytest.raises(ValueError, match="Could not parse path"):
        await store.put_if_absent("../outside", b"1")


def test_an_unknown_scheme_is_refused() -> None:
    with pytest.raises(ValueError, match="file://, s3:// or memory://"):
        ObjectStore.from_url("ftp://host/x")
