"""bulk_upsert against a real PostgreSQL: what is written, left alone and returned."""

import asyncio
import random
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from common.database import bulk_upsert, create_engine
from common.testing.postgres import Database

posting = sa.Table(
    "posting",
    sa.MetaData(),
    sa.Column("hash_key", sa.Uuid, primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("title", sa.String(20)),
    sa.Column("pay", sa.Numeric(12, 2)),
    sa.Column("rate", sa.Double),
    sa.Column("posted_on", sa.Date),
    sa.Column("seen_at", sa.DateTime(timezone=True)),
    sa.Column("open", sa.Boolean),
    sa.Column("body", sa.LargeBinary),
    sa.Column("data", pg.JSONB),
    sa.Column("skills", pg.ARRAY(sa.Text)),
    sa.Column("spans", pg.ARRAY(sa.SmallInteger)),
    sa.Column("links", pg.ARRAY(sa.Uuid)),
    sa.Column("state", sa.Enum("new", "old", name="posting_state")),
)
FULL: dict[str, Any] = {
    "version": 1,
    "title": "Ingénieur 'QA'; --",
    "pay": Decimal("12345.67"),
    "rate": 0.1,
    "posted_on": date(2026, 11, 21),
    "seen_at": datetime(2026, 11, 21, 7, 30, tzinfo=UTC),
    "open": True,
    "body": b"\x00\xff",
    "data": {"a": [1, None], "b": 'quote " and \\', "c": Decimal("1.10")},
    "skills": ["C++", 'a"b', "c\\d", "x,y", "{z}", "NULL", "", None],
    "spans": [[1, 2], [3, 4]],
    "links": [uuid.UUID(int=7)],
    "state": "new",
}


@pytest.fixture
async def engine(database: Database) -> AsyncIterator[AsyncEngine]:
    engine = create_engine(database.admin_url, role_application="test")
    async with engine.begin() as connection:
        await connection.run_sync(posting.metadata.create_all)
    yield engine
    await engine.dispose()


async def upsert(engine: AsyncEngine, rows: list[dict[str, Any]], **options: Any) -> list[sa.Row[Any]]:
    async with engine.begin() as connection:
        return await bulk_upsert(connection, posting, rows, key=["hash_key"], **options)


async def stored(engine: AsyncEngine, *columns: str) -> list[tuple[Any, ...]]:
    async with engine.connect() as connection:
        selected = sa.select(*(posting.c[it] for it in columns)).order_by(posting.c.hash_key)
        return [tuple(row) for row in await connection.execute(selected)]


def key(number: int) -> str:
    return uuid.UUID(int=number).hex


async def test_every_type_comes_back_as_it_went_in(engine: AsyncEngine) -> None:
    await upsert(engine, [{"hash_key": key(1), **FULL}])
    expected = {**FULL, "data": {"a": [1, None], "b": 'quote " and \\', "c": "1.10"}}
    assert await stored(engine, *FULL) == [tuple(expected.values())]


async def test_what_rows_share_comes_back_in_each(engine: AsyncEngine) -> None:
    for first in (1, 3):  # new rows, then known ones
        await upsert(engine, [{"hash_key": key(n), **FULL} for n in range(first, 5)])
    expected = {**FULL, "data": {"a": [1, None], "b": 'quote " and \\', "c": "1.10"}}
    assert await stored(engine, *FULL) == [tuple(expected.values())] * 4


async def test_a_shared_text_that_is_too_long_is_refused(engine: AsyncEngine) -> None:
    with pytest.raises(DBAPIError, match="too long"):
        await upsert(engine, [{"hash_key": key(n), "version": 1, "title": "x" * 21} for n in (1, 2)])


async def test_null_goes_into_every_nullable_type(engine: AsyncEngine) -> None:
    nothing = dict.fromkeys(FULL) | {"version": 1}
    await upsert(engine, [{"hash_key": key(1), **FULL}, {"hash_key": key(2), **nothing}])
    assert (await stored(engine, *FULL))[1] == tuple(nothing.values())


async def test_known_rows_are_updated_and_new_ones_inserted(engine: AsyncEngine) -> None:
    await upsert(engine, [{"hash_key": key(n), "version": 1, "title": "old"} for n in (1, 2)])
    changed = await upsert(
        engine,
        [{"hash_key": key(n), "version": 2, "title": "new"} for n in (2, 3)],
        returning=["hash_key", "(xmax = 0) AS inserted"],
    )
    assert [(row.hash_key.hex, row.inserted) for row in changed] == [(key(2), False), (key(3), True)]
    assert await stored(engine, "title") == [("old",), ("new",), ("new",)]


async def test_only_the_named_columns_are_overwritten(engine: AsyncEngine) -> None:
    await upsert(engine, [{"hash_key": key(1), "version": 1, "title": "first"}])
    await upsert(engine, [{"hash_key": key(1), "version": 2, "title": "second"}], update=["version"])
    assert await stored(engine, "version", "title") == [(2, "first")]


async def test_a_stale_row_changes_nothing_and_is_not_returned(engine: AsyncEngine) -> None:
    await upsert(engine, [{"hash_key": key(1), "version": 3, "title": "newer"}])
    rows = [{"hash_key": key(1), "version": 2, "title": "stale"}, {"hash_key": key(2), "version": 1, "title": "new"}]
    changed = await upsert(engine, rows, where="t.version < excluded.version", returning=["hash_key"])
    assert [row.hash_key.hex for row in changed] == [key(2)]
    assert await stored(engine, "version", "title") == [(3, "newer"), (1, "new")]


async def test_nothing_to_update_leaves_existing_rows_alone(engine: AsyncEngine) -> None:
    await upsert(engine, [{"hash_key": key(1), "version": 1, "title": "first"}])
    rows = [{"hash_key": key(n), "version": 9, "title": "again"} for n in (1, 2)]
    assert [row.version for row in await upsert(engine, rows, update=(), returning=["version"])] == [9]
    assert await stored(engine, "title") == [("first",), ("again",)]


async def test_a_text_too_long_for_its_column_is_refused_not_cut(engine: AsyncEngine) -> None:
    with pytest.raises(DBAPIError, match="value too long"):
        await upsert(engine, [{"hash_key": key(1), "version": 1, "title": "x" * 21}])
    assert await stored(engine, "hash_key") == []


async def test_it_is_part_of_the_callers_transaction(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        await bulk_upsert(connection, posting, [{"hash_key": key(1), "version": 1}], key=["hash_key"])
        await connection.rollback()
    assert await stored(engine, "hash_key") == []


async def test_writers_of_the_same_rows_in_different_orders_do_not_deadlock(engine: AsyncEngine) -> None:
    numbers = list(range(200))
    shuffle = random.Random(7).shuffle

    async def write(version: int) -> None:
        for _ in range(5):
            shuffle(numbers)
            await upsert(engine, [{"hash_key": key(n), "version": version} for n in numbers])

    await asyncio.gather(*(write(version) for version in range(4)))
    assert len(await stored(engine, "hash_key")) == len(numbers)
