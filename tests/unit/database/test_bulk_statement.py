"""The text that bulk_upsert sends, and what it refuses before sending anything."""

import re
from decimal import Decimal
from unittest.mock import AsyncMock

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import postgresql as pg

from common.database import bulk

posting = sa.Table(
    "posting",
    sa.MetaData(schema="normalizer"),
    sa.Column("hash_key", sa.Uuid, primary_key=True),
    sa.Column("title", sa.String(10)),
    sa.Column("order", sa.Integer),
    sa.Column("data", pg.JSONB),
    sa.Column("spans", pg.ARRAY(sa.SmallInteger, dimensions=2)),
    sa.Column("state", sa.Enum("a", "b", name="posting_state")),
)


def statement(columns: tuple[str, ...], **options: object) -> str:
    arrays = options.pop("arrays", (True,) * len(columns))
    chosen = {"key": ("hash_key",), "update": None, "where": None, "returning": ()} | options
    return bulk._statement(posting, columns, arrays, *chosen.values())


def test_all_but_the_key_is_updated_by_default() -> None:
    assert statement(("hash_key", "title")) == (
        "INSERT INTO normalizer.posting AS t (hash_key, title) SELECT r.hash_key, r.title "
        "FROM unnest($1::UUID[], $2::text[]) AS r (hash_key, title) "
        "ON CONFLICT (hash_key) DO UPDATE SET title = excluded.title"
    )


def test_no_column_to_update_leaves_existing_rows_alone() -> None:
    assert statement(("hash_key", "title"), update=()).endswith("ON CONFLICT (hash_key) DO NOTHING")
    assert statement(("hash_key",)).endswith("ON CONFLICT (hash_key) DO NOTHING")


def test_a_condition_and_returned_columns_come_last() -> None:
    sql = statement(("hash_key", "title"), where="t.title < excluded.title", returning=("order", "(xmax = 0) AS new"))
    assert sql.endswith(' WHERE t.title < excluded.title RETURNING t."order", (xmax = 0) AS new')


def test_types_that_unnest_cannot_carry_travel_as_text() -> None:
    sql = statement(("hash_key", "data", "spans", "state"))
    assert "r.data::JSONB, r.spans::SMALLINT[][], r.state::normalizer.posting_state" in sql
    assert "unnest($1::UUID[], $2::text[], $3::text[], $4::text[])" in sql


def test_what_all_rows_share_travels_once() -> None:
    sql = statement(("hash_key", "title", "state", "order"), arrays=(True, False, False, True))
    assert 'SELECT r.hash_key, $2::text, $3::text::normalizer.posting_state, r."order"' in sql
    assert 'unnest($1::UUID[], $4::INTEGER[]) AS r (hash_key, "order")' in sql


def test_reserved_words_are_quoted() -> None:
    assert '"order" = excluded."order"' in statement(("hash_key", "order"))


def test_the_text_is_made_once_per_shape() -> None:
    assert statement(("hash_key", "title")) is statement(("hash_key", "title"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"key": ("nope",)}, "unknown columns ['nope']"),
        ({"update": ("nope",)}, "unknown columns ['nope']"),
        ({"key": ()}, "an upsert needs a key"),
        ({"update": (), "where": "true"}, "nothing is to be updated"),
    ],
)
def test_a_wrong_call_is_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        statement(("hash_key", "title"), **options)


def test_a_type_decorator_is_refused_rather_than_skipped() -> None:
    class Loud(sa.types.TypeDecorator[str]):
        impl = sa.Text

    table = sa.Table("loud", sa.MetaData(), sa.Column("id", sa.Integer), sa.Column("text", Loud))
    with pytest.raises(ValueError, match="type decorators"):
        bulk._statement(table, ("id", "text"), (True, True), ("id",), None, None, ())


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([{"hash_key": "1", "title": "a"}, {"hash_key": "1", "title": "b"}], "two rows with the key ('hash_key',)"),
        ([{"hash_key": "1", "title": "a"}, {"hash_key": "2"}], "rows differ in their columns: ['title']"),
        ([{"hash_key": "1", "title": "a"}, {"hash_key": "2", "order": 1}], "rows differ in their columns: 'title'"),
        ([{"title": "a"}], "a row lacks the key column 'hash_key'"),
    ],
)
async def test_rows_that_cannot_go_together_are_refused(rows: list[dict[str, object]], message: str) -> None:
    connection = AsyncMock()
    with pytest.raises(ValueError, match=re.escape(message)):
        await bulk.bulk_upsert(connection, posting, rows, key=["hash_key"])
    connection.exec_driver_sql.assert_not_called()


async def test_no_rows_ask_nothing_of_the_database() -> None:
    connection = AsyncMock()
    assert await bulk.bulk_upsert(connection, posting, [], key=["hash_key"]) == []
    connection.exec_driver_sql.assert_not_called()


async def test_rows_go_in_the_order_of_their_keys() -> None:
    connection = AsyncMock()
    rows = [{"hash_key": key, "order": n} for n, key in enumerate("cab")]
    await bulk.bulk_upsert(connection, posting, rows, key=["hash_key"])
    assert connection.exec_driver_sql.call_args.args[1] == (["a", "b", "c"], [1, 2, 0])


async def test_equal_values_are_not_shared_ones() -> None:
    connection = AsyncMock()
    title, equal = "long", "".join(["lo", "ng"])
    rows = [{"hash_key": "a", "title": title}, {"hash_key": "b", "title": title}]
    await bulk.bulk_upsert(connection, posting, rows, key=["hash_key"])
    assert connection.exec_driver_sql.call_args.args[1] == (["a", "b"], "long")
    await bulk.bulk_upsert(connection, posting, [rows[0], rows[1] | {"title": equal}], key=["hash_key"])
    assert connection.exec_driver_sql.call_args.args[1] == (["a", "b"], ["long", "long"])
    await bulk.bulk_upsert(connection, posting, rows[:1], key=["hash_key"])
    assert connection.exec_driver_sql.call_args.args[1] == (["a"], ["long"])


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ([], "{}"),
        ([1, None, 2.5], "{1,NULL,2.5}"),
        ([[1, 2], [3, 4]], "{{1,2},{3,4}}"),
        ([True, False], "{t,f}"),
        (['a"b', "c\\d", "NULL", "", "ü,{}"], '{"a\\"b","c\\\\d","NULL","","ü,{}"}'),
        ([Decimal("1.10")], '{"1.10"}'),
    ],
)
def test_arrays_are_written_as_postgresql_reads_them(value: list[object], text: str) -> None:
    assert bulk._array_text(value) == text


@given(st.lists(st.text()))
def test_quotes_in_elements_never_end_them(words: list[str]) -> None:
    body = bulk._array_text(words)[1:-1]
    elements = re.findall(r'"((?:[^"\\]|\\.)*)"(?:,|$)', body, re.DOTALL)
    assert [re.sub(r"\\(.)", r"\1", it, flags=re.DOTALL) for it in elements] == words
