"""Rule sets at the gateway: the list of them, and the book of who added, tried and activated which, when and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from common.contracts import RulesActivated
from common.messaging.outbox import Outbox, outgoing, root_headers
from common.messaging.protocol import Outgoing
from common.messaging.rule_set_store import RuleSetStore
from common.settings.rule_files import SHIPPED, RuleFiles
from gateway.tables import rule_change

Row = sa.Row[Any]
RuleAction = Literal["added", "tried", "activated", "rolled_back"]
#: Any number, the same in all gateways: activations get their numbers one after another.
_NUMBERING_LOCK = 0x706F737468726F
# Only what was added: the gateway also keeps sets that it was the only service to find usable.
_ADDED = (
    "EXISTS (SELECT 1 FROM gateway.rule_change c WHERE c.version = s.version "
    "AND c.action IN ('added', 'activated', 'rolled_back'))"
)
_LISTED = sa.text(f"""
SELECT version, added_at, ARRAY(SELECT json_object_keys(files)) AS files FROM gateway.rule_set s
WHERE {_ADDED} ORDER BY added_at DESC, version
""")  # noqa: S608 - all of it is ours
_IS_ADDED = sa.text(f"SELECT 1 FROM gateway.rule_set s WHERE version = :version AND {_ADDED}")  # noqa: S608 - as above


@dataclass(frozen=True, slots=True)
class Decision:
    """Who does something with rules, when and why."""

    by: str
    reason: str
    at: datetime


class RuleBook:
    """SQL on rule sets and what was done with them."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._sets = RuleSetStore("gateway")

    async def add(self, conn: AsyncConnection, files: RuleFiles, decision: Decision) -> None:
        """Store a set; one that is there already is only noted again."""
        await self._sets.keep(conn, files)
        await self.note(conn, "added", files.version, decision)

    async def note(
        self, conn: AsyncConnection, action: RuleAction, version: str, decision: Decision, **more: Any
    ) -> None:
        """Write down what is done."""
        values = {"action": action, "version": version, "by": decision.by, "reason": decision.reason, "at": decision.at}
        await conn.execute(sa.insert(rule_change).values(values | more))

    async def files(self, conn: AsyncConnection, version: str) -> RuleFiles | None:
        """The files of a set; None where none was added."""
        if version != SHIPPED and (await conn.execute(_IS_ADDED, {"version": version})).first() is None:
            return None
        return await self._sets.files(conn, version)

    async def sets(self, conn: AsyncConnection) -> Sequence[Row]:
        """All sets, latest first, without the contents of their files."""
        return (await conn.execute(_LISTED)).all()

    async def changes(self, conn: AsyncConnection, most: int) -> Sequence[Row]:
        """What was done, latest first."""
        return (await conn.execute(sa.select(rule_change).order_by(rule_change.c.id.desc()).limit(most))).all()

    async def last(self, conn: AsyncConnection) -> Row | None:
        """The activation that counts; None: the rules are as shipped."""
        return await self._activation(conn, None)

    async def activate(self, conn: AsyncConnection, files: RuleFiles, decision: Decision) -> list[Outgoing]:
        """Activate a set; nothing where it is the one in use."""
        last = await self._numbered(conn)
        if files.version == (last.version if last else SHIPPED):
            return []
        return await self._begin(conn, "activated", files, last, last.activation if last else 0, decision)

    async def roll_back(self, conn: AsyncConnection, decision: Decision) -> list[Outgoing] | None:
        """Activate what the last activation took the place of, again and again down to the shipped rules; then None."""
        last = await self._numbered(conn)
        if last is None or last.previous is None:
            return None
        before = await self._activation(conn, last.previous) if last.previous else None
        files = await self.files(conn, before.version) if before else RuleFiles()
        if files is None:
            raise LookupError(f"rule set {before and before.version} was activated and is not stored")
        return await self._begin(conn, "rolled_back", files, last, before.previous if before else None, decision)

    async def to_rerank(self, conn: AsyncConnection) -> Row | None:
        """The last activation, locked, unless campaigns were ranked by it or somebody else is at it."""
        query = sa.select(rule_change).where(rule_change.c.activation.is_not(None))
        query = query.order_by(rule_change.c.activation.desc()).limit(1).with_for_update(skip_locked=True)
        row = (await conn.execute(query)).first()
        return None if row is None or row.reranked_at is not None else row

    async def ranked_by(self, conn: AsyncConnection) -> RuleFiles:
        """The rules that scores were made by before the activations that still wait for a new ranking."""
        query = sa.select(rule_change.c.version).where(rule_change.c.reranked_at.is_not(None))
        version = (await conn.execute(query.order_by(rule_change.c.activation.desc()).limit(1))).scalar()
        return (await self.files(conn, version) if version else None) or RuleFiles()

    async def reranked(self, conn: AsyncConnection, activation: int, now: datetime) -> None:
        """Campaigns go by this activation, and need none of those before it."""
        waiting = sa.update(rule_change).where(rule_change.c.activation <= activation)
        await conn.execute(waiting.where(rule_change.c.reranked_at.is_(None)).values(reranked_at=now))

    async def _numbered(self, conn: AsyncConnection) -> Row | None:
        """The last activation; whoever activates waits here for the one before."""
        await conn.execute(sa.select(sa.func.pg_advisory_xact_lock(_NUMBERING_LOCK)))
        return await self.last(conn)

    async def _activation(self, conn: AsyncConnection, number: int | None) -> Row | None:
        query = sa.select(rule_change).where(rule_change.c.activation.is_not(None))
        if number is not None:
            query = query.where(rule_change.c.activation == number)
        return (await conn.execute(query.order_by(rule_change.c.activation.desc()).limit(1))).first()

    async def _begin(
        self, conn: AsyncConnection, action: RuleAction, files: RuleFiles, last: Row | None, previous: int | None,
        decision: Decision,
    ) -> list[Outgoing]:  # fmt: skip
        activation = (last.activation if last else 0) + 1
        await self._sets.keep(conn, files, activation)
        await self.note(conn, action, files.version, decision, activation=activation, previous=previous)
        messages = [activation_message(files, activation, decision.at)]
        await self._outbox.add(conn, messages)
        return messages


def activation_message(files: RuleFiles, activation: int, at: datetime) -> Outgoing:
    """What services hear of an activation; it belongs to no run."""
    name = f"rules:{activation}"
    event = RulesActivated(activation=activation, files=dict(files.changed))
    return outgoing(event, root_headers("", name, "", "", at), name, "")
