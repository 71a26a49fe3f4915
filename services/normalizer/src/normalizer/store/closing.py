"""Judges what whole reads of feeds did not show, and looks at postings that time alone may have changed."""

# Locks are taken as pages take them: sightings before postings, both in the order of their keys.

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from common.contracts import Posting
from normalizer.domain.closing import Twin, counts, missed, missed_since
from normalizer.domain.judging import judged
from normalizer.domain.merge import Member, PostingState
from normalizer.store.closing_statements import (
    ALONE,
    COUNT,
    COUNTED,
    DUE,
    LOOK_SOON,
    MARK,
    MATES,
    MEMBERS_LOCKED,
    MISSING,
    SET_ASLEEP,
    TO_JUDGE,
    TURN,
    TWINS,
)
from normalizer.store.postings import PostingStore
from normalizer.store.rows import member_of, state_of
from normalizer.store.rule_files import NormalizerRules
from normalizer.store.statements import LOCK_POSTINGS
from normalizer.tables import sweep as t_sweep

#: Postings that one look takes at most.
MOST = 500


@dataclass(frozen=True, slots=True)
class Judged:
    """What a whole read of a feed did not show: how much was missing, closed, and whether the rest was held back."""

    source: str
    feed: str
    missing: int = 0
    closed: int = 0
    held: bool = False


class ClosingStore:
    """SQL that closes, opens and flags postings; one transaction at a time does so."""

    def __init__(self, postings: PostingStore, rules: NormalizerRules) -> None:
        self._postings = postings
        self._precedence = rules.precedence
        self._rules = rules.closing
        self._apart = timedelta(days=rules.duplicates.rules.repost_days)

    async def alone(self, conn: AsyncConnection) -> bool:
        """Whether nobody else closes or flags postings, until the transaction ends."""
        return bool((await conn.execute(ALONE)).scalar())

    async def turn(self, conn: AsyncConnection) -> None:
        """Wait until nobody else does."""
        await conn.execute(TURN)

    async def judge_next(self, conn: AsyncConnection, now: datetime) -> Judged | None:
        """Mark what the next whole read did not show; None where none is waiting."""
        row = (await conn.execute(TO_JUDGE)).one_or_none()
        if row is None:
            return None
        feed = {"source": row.source, "feed": row.feed}
        asked = feed | {"most": self._rules.drop.sweeps}
        starts = list((await conn.execute(COUNTED, asked)).scalars())
        counted = counts(row.started_at, starts[0] if starts else None, self._rules)
        found = Judged(row.source, row.feed)
        if counted:
            found = await self._judge(conn, row, [row.started_at, *starts], now)
        values = {"missing": found.missing, "closed": found.closed, "held": found.held, "counted": counted}
        this = sa.update(t_sweep).where(t_sweep.c.sweep_id == row.sweep_id)
        await conn.execute(this.values(values | {"judged_at": now}))
        return found

    async def _judge(
        self, conn: AsyncConnection, row: sa.Row[Any], starts: Sequence[datetime], now: datetime
    ) -> Judged:
        feed = {"source": row.source, "feed": row.feed}
        since = missed_since(starts, self._rules.missing.sweeps)
        if since is None:
            return Judged(row.source, row.feed)
        shown, missing = (await conn.execute(COUNT, feed | {"before": since})).one()
        told = missed(starts, shown, missing, row.postings, self._rules)
        if told.before is None or not missing:
            return Judged(row.source, row.feed, missing, 0, told.held)
        locked = (await conn.execute(MISSING, feed | {"before": told.before})).all()
        marked = {"of_source": row.source, "ids": [each.source_job_id for each in locked], "starts": list(starts)}
        await conn.execute(MARK, marked)
        keys = sorted({each.hash_key.hex for each in locked})
        await conn.execute(LOCK_POSTINGS, {"keys": keys})
        await conn.execute(LOOK_SOON, {"keys": keys, "now": now})
        return Judged(row.source, row.feed, missing, len(locked), told.held)

    async def due(self, conn: AsyncConnection, now: datetime) -> list[str]:
        """Postings that time may have changed, at most `MOST`."""
        return [key.hex for key in (await conn.execute(DUE, {"now": now, "most": MOST})).scalars()]

    async def look(
        self, conn: AsyncConnection, keys: Sequence[str], now: datetime
    ) -> list[tuple[PostingState, Posting]]:
        """Look at these, and at those of their clusters that may be reposts; say when time may change them next.

        Returns those that others must hear of, each as it was before.
        """
        mates = await conn.execute(MATES, {"keys": keys, "apart": self._apart})
        due = sorted({*keys, *(key.hex for key in mates.scalars())})
        members: dict[str, list[Member]] = {}
        for row in await conn.execute(MEMBERS_LOCKED, {"keys": due}):
            members.setdefault(row.hash_key.hex, []).append(member_of(row))
        before = {row.hash_key.hex: state_of(row) for row in await conn.execute(LOCK_POSTINGS, {"keys": due})}
        twins = {row.hash_key.hex: _twin(row) for row in await conn.execute(TWINS, {"keys": due, "apart": self._apart})}
        after = [
            judged(state, members.get(key, []), twins.get(key), self._precedence, self._rules, now)
            for key, state in before.items()
        ]
        moved = [state for state in after if state != before[state.hash_key]]
        await self._postings.save(conn, moved, before, self._rules.version, now)
        await conn.execute(SET_ASLEEP, {"keys": due})
        changed = [state for state in after if state.version != before[state.hash_key].version]
        postings = await self._postings.told(conn, changed)
        return [(before[posting.hash_key], posting) for posting in postings]

    @property
    def kept(self) -> timedelta:
        """How long reads of feeds are kept."""
        return timedelta(days=self._rules.keep_sweeps_days)


def _twin(row: sa.Row[Any]) -> Twin:
    return Twin(row.twin.hex, row.day, row.since)
