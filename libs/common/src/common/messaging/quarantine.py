"""What a service has set aside: postings and whole messages with their reasons, until replayed or discarded."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from common.contracts import REGISTRY, Headers, event_id
from common.messaging.tables import add_messaging_tables
from common.messaging.unit import Quarantined

EntryState = Literal["open", "replayed", "discarded"]
#: What the column holds; a message may claim more.
_MOST_ATTEMPTS = 32_767
#: An item larger than this is not copied into quarantine: its reference leads to the archived page.
MAX_ITEM_BYTES = 1024 * 1024
#: Entries that one request may replay or discard.
MOST_SELECTED = 10_000
_MOST_NAMED = 500
_REPLAYABLE = [r.event.event_type for r in REGISTRY if r.stage or r.aside]
_SHOWN = (
    "id", "created_at", "run_id", "unit_id", "stage", "event_type", "reason", "error", "reference", "attempts", "state",
    "replay_run_id",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Selection:
    """The entries that fit everything given."""

    ids: Sequence[uuid.UUID] | None = None
    run_id: str | None = None
    reason: str | None = None
    stage: str | None = None


@dataclass(frozen=True, slots=True)
class Selected:
    """Open entries by run; `more` where there are others, `skipped` those that cannot be replayed, by reason."""

    by_run: dict[str, list[uuid.UUID]]
    more: bool
    skipped: dict[str, list[uuid.UUID]]
    replayed_by: list[str]


class Quarantine:
    """SQL on quarantine and its audit in the schema of one service.

    An entry is a whole message (no item, no reference: `body` is the message's) or one posting (`item`, with the
    batch that it came in, without its postings, as `body`).
    """

    def __init__(self, schema: str) -> None:
        metadata = sa.MetaData(schema=schema)
        add_messaging_tables(metadata)
        self._entry = metadata.tables[f"{schema}.quarantine"]
        self._audit = metadata.tables[f"{schema}.quarantine_audit"]
        self._set_aside = (
            f"INSERT INTO {schema}.quarantine "  # noqa: S608 - schema is ours
            "(id, run_id, unit_id, event_type, stage, attempts, reason, error, reference, item, headers, body) "
            "SELECT i, $2, $3, $4, $11, $12, r, e, f, t::json, $9::text::jsonb, $10::bytea "
            "FROM unnest($1::uuid[], $5::text[], $6::text[], $7::text[], $8::text[]) AS x(i, r, e, f, t) "
            "ON CONFLICT DO NOTHING"
        )

    async def set_aside(
        self, conn: AsyncConnection, headers: Headers, items: Sequence[Quarantined], body: bytes | None = None
    ) -> None:
        """Keep what cannot go on, with its reason and, unless it is very large, the payload as it came.

        `body` is that of the message or, where single postings are set aside, of the batch without its postings.
        """
        if not items:
            return
        run, unit = headers.run_id, headers.unit_id
        ids = [uuid.UUID(event_id(run, unit, f"quarantine.{n}")) for n in range(len(items))]
        await conn.exec_driver_sql(
            self._set_aside,
            (
                ids, run, unit, headers.event_type,
                [i.reason for i in items], [_storable(i.error) for i in items], [i.reference for i in items],
                [_item_json(i.item) for i in items],
                msgspec.json.encode(headers).decode(), body, headers.stage, min(headers.attempt, _MOST_ATTEMPTS),
            ),
        )  # fmt: skip

    async def entries(
        self, conn: AsyncConnection, selection: Selection, state: EntryState | None,
        before: tuple[datetime, uuid.UUID] | None, limit: int,
    ) -> Sequence[Any]:  # fmt: skip
        """Entries without their payload, latest first, behind `before` (its time and id)."""
        e = self._entry.c
        query = sa.select(*(e[name] for name in _SHOWN), _is_message(self._entry)).where(*self._fits(selection))
        if state is not None:
            query = query.where(e.state == state)
        if before is not None:
            query = query.where(sa.tuple_(e.created_at, e.id) < before)
        return (await conn.execute(query.order_by(e.created_at.desc(), e.id.desc()).limit(limit))).all()

    async def load(self, conn: AsyncConnection, ids: Sequence[uuid.UUID]) -> Sequence[Any]:
        """Entries with headers, body and the text of their item, in the order of their ids."""
        e = self._entry.c
        # The text: what JSON holds is not always what the json module reads back.
        item = sa.cast(e.item, sa.Text).label("item")
        query = sa.select(*(e[name] for name in _SHOWN), _is_message(self._entry), e.headers, e.body, item)
        return (await conn.execute(query.where(_any(e.id, ids)).order_by(e.id))).all()

    async def history(self, conn: AsyncConnection, entry: uuid.UUID) -> Sequence[Any]:
        """What was done with an entry, in order."""
        a = self._audit.c
        query = sa.select(a.at, a.action, a.reason, a.run_id).where(a.quarantine_id == entry).order_by(a.id)
        return (await conn.execute(query)).all()

    async def select(self, conn: AsyncConnection, selection: Selection) -> Selected:
        """What of the selection can be replayed and what cannot, and which runs have replayed the rest."""
        e = self._entry.c
        why_not = sa.case(
            (e.event_type.not_in(_REPLAYABLE), "no_unit_of_a_run"),
            (sa.or_(e.body.is_(None), sa.and_(e.item.is_(sa.null()), e.reference != "")), "payload_not_kept"),
        ).label("why_not")
        is_open = sa.select(e.id, e.run_id, why_not).where(*self._fits(selection), e.state == "open")
        can = is_open.where(why_not.is_(None)).order_by(e.run_id, e.created_at, e.id).limit(MOST_SELECTED + 1)
        cannot = is_open.where(why_not.is_not(None)).order_by(e.created_at, e.id).limit(_MOST_NAMED)
        rows = (await conn.execute(can)).all()
        by_run: dict[str, list[uuid.UUID]] = {}
        for row in rows[:MOST_SELECTED]:
            by_run.setdefault(row.run_id, []).append(row.id)
        skipped: dict[str, list[uuid.UUID]] = {}
        for row in await conn.execute(cannot):
            skipped.setdefault(row.why_not, []).append(row.id)
        done = sa.select(e.replay_run_id).where(*self._fits(selection), e.state == "replayed").distinct()
        replayed_by = (await conn.execute(done.order_by(e.replay_run_id).limit(_MOST_NAMED))).scalars()
        return Selected(by_run, len(rows) > MOST_SELECTED, skipped, list(replayed_by))

    async def take(self, conn: AsyncConnection, selection: Selection) -> Sequence[uuid.UUID]:
        """Lock the open entries of the selection, at most `MOST_SELECTED`, until the end of the transaction."""
        e = self._entry.c
        query = sa.select(e.id).where(*self._fits(selection), e.state == "open").order_by(e.id).limit(MOST_SELECTED)
        return (await conn.execute(query.with_for_update())).scalars().all()

    async def close(
        self, conn: AsyncConnection, ids: Sequence[uuid.UUID], state: EntryState, *,
        because: str = "", run_id: str | None = None,
    ) -> None:  # fmt: skip
        """End entries that were taken, and put that on record."""
        values = {"state": state, "replay_run_id": run_id}
        await conn.execute(sa.update(self._entry).where(_any(self._entry.c.id, ids)).values(values))
        await self.record(conn, ids, state, because=because, run_id=run_id)

    async def record(
        self, conn: AsyncConnection, ids: Sequence[uuid.UUID], action: str, *, because: str, run_id: str | None
    ) -> None:
        """An audit row for each of the entries."""
        entries = sa.func.unnest(sa.literal(list(ids), pg.ARRAY(sa.Uuid)))
        row = sa.select(entries, sa.literal(action), sa.literal(_storable(because)), sa.literal(run_id, sa.Text))
        await conn.execute(sa.insert(self._audit).from_select(["quarantine_id", "action", "reason", "run_id"], row))

    def _fits(self, selection: Selection) -> list[sa.ColumnElement[bool]]:
        e = self._entry.c
        words = {"run_id": selection.run_id, "reason": selection.reason, "stage": selection.stage}
        fits = [e[name] == word for name, word in words.items() if word is not None]
        return fits if selection.ids is None else [*fits, _any(e.id, selection.ids)]


def _is_message(entry: sa.Table) -> sa.Label[bool]:
    return sa.and_(entry.c.item.is_(sa.null()), entry.c.reference == "").label("is_message")


def _any(column: sa.Column[Any], ids: Sequence[uuid.UUID]) -> sa.ColumnElement[bool]:
    return column == sa.any_(sa.literal(list(ids), pg.ARRAY(sa.Uuid)))


def _storable(message: str) -> str:
    return message.replace("\x00", "\\0").encode(errors="backslashreplace").decode()[:4000]


def _item_json(item: Any) -> str | None:
    """The item as JSON; None where JSON cannot hold it: its reference leads to the archived page in any case."""
    if item is None:
        return None
    try:
        encoded = msgspec.json.encode(item)
    except (ValueError, OverflowError, RecursionError, TypeError, msgspec.EncodeError):
        return None
    return encoded.decode() if len(encoded) <= MAX_ITEM_BYTES else None
