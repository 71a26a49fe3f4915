"""Merges a page into the tables, one statement per table whatever the number of rows, and reads postings back."""

# Locks are taken in one order everywhere: sightings before postings, in each table first by inserting what is missing,
# then by locking what was there, both sorted by key. So two pages never wait for each other in a circle, and each sees
# what the other has written before it decides what a posting shows.

from collections import Counter
from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from common.contracts import Posting, PostingOutcome
from common.contracts.posting import ForwardedOutcome
from common.database import bulk_upsert
from normalizer.domain.closing import ended, evergreen, looks
from normalizer.domain.markup import text_of
from normalizer.domain.merge import (
    OPEN,
    Change,
    Member,
    Merged,
    PostingState,
    Sighting,
    change_of,
    next_state,
    seen_earlier,
    wakes,
)
from normalizer.domain.precedence import Precedence
from normalizer.domain.record import Record
from normalizer.store.rows import (
    Page,
    content_row,
    event_rows,
    kept,
    member_of,
    place_rows,
    posting_row,
    record_of,
    sighting_of,
    sighting_row,
    state_of,
)
from normalizer.store.statements import (
    CLEAR_PLACES,
    EVENTS,
    FORGET,
    LOCK_POSTINGS,
    LOCK_SIGHTINGS,
    MEMBERS,
    ONE,
    SHOWN,
    SIGHTINGS,
    listing,
    new_by_day,
)
from normalizer.tables import content as t_content
from normalizer.tables import posting as t_posting
from normalizer.tables import posting_event as t_event
from normalizer.tables import posting_place as t_place
from normalizer.tables import sighting as t_sighting

_SIGHTING_KEY = ("source", "source_job_id")
CONTENT_KEY = ("hash_key", "source", "source_job_id")


@dataclass(frozen=True, slots=True)
class MergeResult:
    """What is to be sent on, and how many items end here, by outcome; what each item did to which sighting.

    `due`: postings to look at again, as their standing or their flags may have changed.
    """

    postings: list[Posting]
    ended: Counter[PostingOutcome]
    changes: Mapping[str, Change] = field(default_factory=dict)
    known: Mapping[str, Sighting] = field(default_factory=dict)
    due: Sequence[str] = ()


class PostingStore:
    """SQL on posting, sighting, content and posting_place."""

    async def merge(
        self, conn: AsyncConnection, page: Page, records: Mapping[str, Record], precedence: Precedence
    ) -> MergeResult:
        """Take in the records of a page, by source_job_id; the caller's transaction makes it one step."""
        if not records:
            return MergeResult([], Counter())
        known = await self._take_sightings(conn, page, records)
        where = {"archive_key": page.archive_key, "run_id": page.run_id}
        changes = {
            id_: change_of(record, known.get(id_), page.collected_at, **where) for id_, record in records.items()
        }
        await self._update_sightings(conn, page, records, changes, known)
        spoken = [
            records[id_]
            for id_, change in changes.items()
            if change in ("first", "changed") or wakes(known.get(id_), change, page.collected_at)
        ]
        earlier = {each.hash_key for id_, each in known.items() if seen_earlier(each, changes[id_], page.collected_at)}
        merged = await self._merge_postings(conn, page, spoken, earlier, known, precedence)
        outcomes = {
            id_: merged.outcome(record, changes[id_], again=id_ in known and known[id_].last_run_id == page.run_id)
            for id_, record in records.items()
        }
        result = await self._result(conn, page, records, outcomes, merged)
        return replace(result, changes=changes, known=known, due=merged.due(page.now))

    async def _take_sightings(
        self, conn: AsyncConnection, page: Page, records: Mapping[str, Record]
    ) -> dict[str, Sighting]:
        """Insert the unknown ones, lock and return the known ones as they were."""
        rows = [sighting_row(page, record) for record in records.values()]
        inserted = await bulk_upsert(conn, t_sighting, rows, key=_SIGHTING_KEY, update=(), returning=["source_job_id"])
        known = records.keys() - {row.source_job_id for row in inserted}
        if not known:
            return {}
        found = await conn.execute(LOCK_SIGHTINGS, {"source": page.source, "ids": list(known)})
        return {row.source_job_id: sighting_of(row) for row in found}

    async def _update_sightings(
        self,
        conn: AsyncConnection,
        page: Page,
        records: Mapping[str, Record],
        changes: Mapping[str, Change],
        known: Mapping[str, Sighting],
    ) -> None:
        """An older observation than the known one only tells that it was seen earlier than thought."""
        newer, older = [], []
        for id_, sighting in known.items():
            row = sighting_row(page, records[id_])
            if changes[id_] != "stale" and page.collected_at >= sighting.last_seen_at:
                newer.append(row | kept(sighting, page.collected_at))
            elif page.collected_at < sighting.first_seen_at:
                older.append(row)
        every = [name for name in t_sighting.c.keys() if name not in (*_SIGHTING_KEY, "first_seen_at")]  # noqa: SIM118 - a column collection iterates over columns
        await bulk_upsert(conn, t_sighting, newer, key=_SIGHTING_KEY, update=every)
        await bulk_upsert(conn, t_sighting, older, key=_SIGHTING_KEY, update=["first_seen_at"])

    async def _merge_postings(
        self,
        conn: AsyncConnection,
        page: Page,
        spoken: Sequence[Record],
        earlier: Set[str],
        known: Mapping[str, Sighting],
        precedence: Precedence,
    ) -> Merged:
        """Create or change the postings that these records belong to or left, and those seen `earlier`."""
        if not spoken and not earlier:
            return Merged({}, {})
        created = await self._create(conn, page, spoken, precedence)
        left = {
            known[r.source_job_id].hash_key
            for r in spoken
            if r.source_job_id in known and known[r.source_job_id].hash_key != r.hash_key
        }
        before = await self._lock(conn, ({r.hash_key for r in spoken} | left | earlier) - created.keys())
        rows = [content_row(record, page.rules_version, page.now) for record in spoken]
        await bulk_upsert(conn, t_content, rows, key=CONTENT_KEY)
        if not before:
            return Merged({}, created)
        members = await self._members(conn, before)
        after = {
            key: next_state(state, members.get(key, ()), precedence, page.collected_at, page.closing, page.now)
            for key, state in before.items()
        }
        changed = [state for key, state in after.items() if state != before[key]]
        await self.save(conn, changed, before, page.closing.version, page.now)
        reopened = {key for key, state in before.items() if state.closed_at}
        open_ = [key for key in left | reopened if key in after and after[key].closed_at is None]
        if open_:
            await conn.execute(FORGET, {"keys": open_})
        return Merged(before, {**created, **after})

    async def _create(
        self, conn: AsyncConnection, page: Page, spoken: Sequence[Record], precedence: Precedence
    ) -> dict[str, PostingState]:
        """Those of the records' postings that did not exist, each showing its best record."""
        said: dict[str, list[Record]] = {}
        for record in spoken:
            said.setdefault(record.hash_key, []).append(record)
        states = {key: _new(page, records, precedence) for key, records in said.items()}
        rows = [posting_row(state, page.now) for state in states.values()]
        inserted = await bulk_upsert(conn, t_posting, rows, key=["hash_key"], update=(), returning=["hash_key"])
        return {row.hash_key.hex: states[row.hash_key.hex] for row in inserted}

    async def _lock(self, conn: AsyncConnection, keys: Collection[str]) -> dict[str, PostingState]:
        if not keys:
            return {}
        return {row.hash_key.hex: state_of(row) for row in await conn.execute(LOCK_POSTINGS, {"keys": list(keys)})}

    async def _members(self, conn: AsyncConnection, keys: Collection[str]) -> dict[str, list[Member]]:
        members: dict[str, list[Member]] = {}
        for row in await conn.execute(MEMBERS, {"keys": list(keys)}):
            member = member_of(row)
            members.setdefault(member.hash_key, []).append(member)
        return members

    async def save(
        self,
        conn: AsyncConnection,
        states: Sequence[PostingState],
        before: Mapping[str, PostingState],
        rules_version: str,
        now: datetime,
    ) -> None:
        """Store postings that are locked, and what has happened to them."""
        await bulk_upsert(conn, t_posting, [posting_row(s, now) for s in states], key=["hash_key"])
        events = [row for s in states for row in event_rows(before[s.hash_key], s, rules_version, now)]
        await bulk_upsert(conn, t_event, events, key=("hash_key", "at", "kind"), update=())

    async def _result(
        self,
        conn: AsyncConnection,
        page: Page,
        records: Mapping[str, Record],
        outcomes: Mapping[str, PostingOutcome],
        merged: Merged,
    ) -> MergeResult:
        """The postings to send on, each with the outcome of the item that it shows, if that one is new or updated."""
        ended: Counter[PostingOutcome] = Counter()
        sent_with: dict[str, ForwardedOutcome] = {}
        for id_, outcome in outcomes.items():
            if outcome == "new" or outcome == "updated":
                sent_with[records[id_].hash_key] = outcome
            else:
                ended[outcome] += 1
        states = merged.forwarded()
        shown = await self._shown(conn, page, records, states)
        await self._move_places(conn, [(state, shown[state.hash_key]) for state in states], merged.before)
        postings = [state.posting(shown[state.hash_key], sent_with.get(state.hash_key)) for state in states]
        return MergeResult(postings, ended)

    async def _shown(
        self, conn: AsyncConnection, page: Page, records: Mapping[str, Record], states: Sequence[PostingState]
    ) -> dict[str, Record]:
        """What each posting shows: from this page where it stands there, else from the table."""
        shown: dict[str, Record] = {}
        elsewhere: list[PostingState] = []
        for state in states:
            record = records.get(state.source_job_id) if state.source == page.source else None
            if record and (record.hash_key, record.content_hash) == (state.hash_key, state.content_hash):
                shown[state.hash_key] = record
            else:
                elsewhere.append(state)
        return shown | await self._stored(conn, elsewhere)

    async def _stored(self, conn: AsyncConnection, states: Sequence[PostingState]) -> dict[str, Record]:
        keys = {state.hash_key: state.content_hash for state in states}
        if not keys:
            return {}
        rows = (await conn.execute(SHOWN, {"keys": list(keys)})).mappings()
        return {(key := row["hash_key"].hex): record_of(row, keys[key]) for row in rows}

    async def told(self, conn: AsyncConnection, states: Sequence[PostingState]) -> list[Posting]:
        """Postings that have changed without a page, as they are sent on; places follow what they show."""
        shown = await self._stored(conn, states)
        await self._move_places(conn, [(state, shown[state.hash_key]) for state in states], shown)
        return [state.posting(shown[state.hash_key], None) for state in states]

    async def _move_places(
        self,
        conn: AsyncConnection,
        shown: Sequence[tuple[PostingState, Record]],
        before: Collection[str],
    ) -> None:
        """Places follow what the posting shows."""
        if changed := [state.hash_key for state, _ in shown if state.hash_key in before]:
            await conn.execute(CLEAR_PLACES, {"keys": changed})
        rows = [row for _, record in shown for row in place_rows(record)]
        await bulk_upsert(conn, t_place, rows, key=["hash_key", "place_idx"], update=())

    async def read(self, conn: AsyncConnection, hash_key: str) -> dict[str, Any] | None:
        """A posting with what it shows and all its sightings; None where there is none."""
        row = (await conn.execute(ONE, {"hash_key": hash_key})).mappings().one_or_none()
        if row is None:
            return None
        found = dict(row) | {"hash_key": hash_key, "content_hash": row["content_hash"].hex}
        found["description_text"] = text_of(row["description_html"])
        shown = (row["source"], row["source_job_id"])
        sightings = [dict(each) for each in (await conn.execute(SIGHTINGS, {"hash_key": hash_key})).mappings()]
        for each in sightings:
            each["shown"] = (each["source"], each["source_job_id"]) == shown
        found["sightings"] = sightings
        found["history"] = [dict(each) for each in (await conn.execute(EVENTS, {"hash_key": hash_key})).mappings()]
        found["last_seen_at"] = max((each["last_seen_at"] for each in sightings), default=None)
        return found

    async def new_by_day(self, conn: AsyncConnection, since: date, source: str | None) -> Sequence[sa.Row[Any]]:
        """(source, day, new): postings that sources, or the one, showed for the first time since that UTC day."""
        return (await conn.execute(new_by_day(since, source))).all()

    async def list(
        self, conn: AsyncConnection, *, country: str | None, city: str | None, after: UUID | str | None, limit: int
    ) -> list[dict[str, Any]]:
        """Summaries in the order of hash_key, behind `after`."""
        query = listing(country=country, city=city).limit(limit)
        if after is not None:
            query = query.where(t_posting.c.hash_key > after)
        return [dict(row) | {"hash_key": row["hash_key"].hex} for row in (await conn.execute(query)).mappings()]


def _new(page: Page, records: Sequence[Record], precedence: Precedence) -> PostingState:
    """A posting that shows the best of these records, and when time alone may change it."""
    record = min(records, key=precedence.rank)
    stands = ended(record.source, record.valid_through, page.now) or OPEN
    since = min([page.collected_at, *(each.posted_at for each in records if each.posted_at)])
    ahead = [at for at in looks(record.valid_through, page.collected_at, since, page.closing) if at > page.now]
    return PostingState(
        record.hash_key, 1, record.source, record.source_job_id, record.content_hash, page.collected_at, stands,
        tuple(evergreen(stands.state, since, page.now, page.closing)),
        min(ahead, default=page.now) if stands.state == "open" else None,
    )  # fmt: skip
