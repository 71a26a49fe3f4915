"""One statement for many rows: INSERT … SELECT FROM unnest … ON CONFLICT."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from itertools import pairwise, repeat
from operator import is_, itemgetter
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

_dialect = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it untyped
_quote = _dialect.identifier_preparer.quote
_json = msgspec.json.Encoder(decimal_format="string")
_SHARED = (str, date, datetime)


async def bulk_upsert(
    conn: AsyncConnection,
    table: sa.Table,
    rows: Sequence[Mapping[str, Any]],
    *,
    key: Sequence[str],
    update: Sequence[str] | None = None,
    where: str | None = None,
    returning: Sequence[str] = (),
) -> list[sa.Row[Any]]:
    """Insert `rows`, or update those whose `key` is taken, in one statement of the caller's transaction.

    All rows carry the same columns; Python-side column defaults are not applied. `update` names the columns to
    overwrite: None for all but the key, `()` to leave existing rows alone. `where` is SQL that an existing row must
    meet to be updated (`t` is that row, `excluded` the new one). `returning` holds columns, or SQL such as
    `(xmax = 0) AS inserted`; the rows left alone are not returned, and jsonb comes back as text.
    ValueError: two rows with one key, rows of different columns, or an unknown column.
    """
    if not rows:
        return []
    columns = tuple(rows[0])
    parameters = _parameters(table, columns, _in_key_order(rows, key))
    arrays = tuple(isinstance(values, list) for values in parameters)
    update = None if update is None else tuple(update)
    sql = _statement(table, columns, arrays, tuple(key), update, where, tuple(returning))
    result = await conn.exec_driver_sql(sql, parameters)
    return list(result.all()) if returning else []


def _in_key_order(rows: Sequence[Mapping[str, Any]], key: Sequence[str]) -> list[Mapping[str, Any]]:
    """Sorted by key, so that two transactions take their row locks in the same order."""
    key_of = itemgetter(*key)
    try:
        ordered = sorted(rows, key=key_of)
    except KeyError as error:
        raise ValueError(f"a row lacks the key column {error}") from None
    for one, next_one in pairwise(ordered):
        if key_of(one) == key_of(next_one):
            raise ValueError(f"two rows with the key {tuple(key)} = {key_of(one)!r}: merge them before the upsert")
    return ordered


def _parameters(table: sa.Table, columns: tuple[str, ...], rows: Sequence[Mapping[str, Any]]) -> tuple[Any, ...]:
    """One list per column, or the one value that all rows share: the driver spends most on times."""
    width = len(columns)
    for row in rows:
        if len(row) != width:
            raise ValueError(f"rows differ in their columns: {sorted(set(row) ^ set(columns))} not in all of them")
    try:
        lists = [[row[name] for row in rows] for name in columns]
    except KeyError as error:
        raise ValueError(f"rows differ in their columns: {error} not in all of them") from None
    return tuple(map(_parameter, _encoders(table, columns), lists))


def _parameter(encode: Callable[[Any], str] | None, values: list[Any]) -> Any:
    first = values[0]
    if encode is not None:
        return [None if value is None else encode(value) for value in values]
    # One object, not equal ones: where that is so follows from the code, and statements do not vary with the data.
    shared = len(values) > 1 and type(first) in _SHARED and all(map(is_, values, repeat(first)))
    return first if shared else values


@lru_cache(maxsize=512)
def _statement(
    table: sa.Table,
    columns: tuple[str, ...],
    arrays: tuple[bool, ...],
    key: tuple[str, ...],
    update: tuple[str, ...] | None,
    where: str | None,
    returning: tuple[str, ...],
) -> str:
    _known(table, (*columns, *key, *(update or ())))
    if not key:
        raise ValueError("an upsert needs a key")
    if update is None:
        update = tuple(name for name in columns if name not in key)
    if where is not None and not update:
        raise ValueError("`where` says which rows to update, but nothing is to be updated")
    casts = [_casts(table.c[name].type) for name in columns]
    varying = [name for name, is_array in zip(columns, arrays, strict=True) if is_array]
    unnested = ", ".join(f"${n}::{array}" for n, (array, _) in enumerate(casts, 1) if arrays[n - 1])
    values = ", ".join(
        f"r.{_quote(columns[n - 1])}{cast}" if arrays[n - 1] else f"${n}::{array.removesuffix('[]')}{cast}"
        for n, (array, cast) in enumerate(casts, 1)
    )
    changes = ", ".join(f"{_quote(name)} = excluded.{_quote(name)}" for name in update)
    action = f"DO UPDATE SET {changes}" + (f" WHERE {where}" if where else "") if update else "DO NOTHING"
    sql = (
        f"INSERT INTO {_dialect.identifier_preparer.format_table(table)} AS t ({_names(columns)}) "  # noqa: S608 - quoted names of our own tables
        f"SELECT {values} FROM unnest({unnested}) AS r ({_names(varying)}) ON CONFLICT ({_names(key)}) {action}"
    )
    if returning:
        sql += " RETURNING " + ", ".join(f"t.{_quote(it)}" if it in table.c else it for it in returning)
    return sql


def _names(columns: Iterable[str]) -> str:
    return ", ".join(_quote(name) for name in columns)


def _casts(kind: sa.types.TypeEngine[Any]) -> tuple[str, str]:
    """The array type a column's values travel in, and the cast of each value ("" where it already has its type)."""
    name = kind.compile(dialect=_dialect)
    match kind:
        case sa.types.TypeDecorator():
            raise ValueError(f"{kind!r}: bulk_upsert does not run type decorators")
        case sa.JSON() | sa.ARRAY() | postgresql.ENUM():
            # unnest would flatten arrays of arrays, so each travels as its text.
            return "text[]", f"::{name}"
        case sa.Enum(native_enum=True):
            return "text[]", f"::{name}"
        case sa.String():
            return "text[]", ""  # a cast to varchar(n) would cut the value without a word
        case _:
            return f"{name}[]", ""


@lru_cache(maxsize=512)
def _encoders(table: sa.Table, columns: tuple[str, ...]) -> tuple[Callable[[Any], str] | None, ...]:
    _known(table, columns)
    return tuple(_encoder(table.c[name].type) for name in columns)


def _known(table: sa.Table, columns: Iterable[str]) -> None:
    if unknown := [name for name in columns if name not in table.c]:
        raise ValueError(f"{table.fullname}: unknown columns {unknown}")


def _encoder(kind: sa.types.TypeEngine[Any]) -> Callable[[Any], str] | None:
    match kind:
        case sa.JSON():
            return _json_text
        case sa.ARRAY():
            return _array_text
        case _:
            return None


def _json_text(value: Any) -> str:
    return _json.encode(value).decode()


def _array_text(value: Iterable[Any]) -> str:
    """A PostgreSQL array literal; nested sequences become dimensions."""
    return "{" + ",".join(map(_element_text, value)) + "}"


def _element_text(value: Any) -> str:
    match value:
        case str():
            return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
        case None:
            return "NULL"
        case bool():
            return "t" if value else "f"
        case int() | float():
            return str(value)
        case list() | tuple():
            return _array_text(value)
        case _:
            return _element_text(str(value))
