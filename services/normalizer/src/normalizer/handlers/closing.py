"""Closes what whole reads of feeds do not show any more, and sees what time changes; beside the messages."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterable
from datetime import datetime

import structlog

from common.contracts import PostingsNormalized, unit_id
from common.messaging.outbox import outgoing, root_headers
from common.messaging.protocol import Outgoing
from common.messaging.relay import send_now
from common.messaging.repeating import repeat
from common.messaging.rule_sets import RuleSource
from common.messaging.session import Session
from normalizer.handlers.looks import told
from normalizer.metrics import SWEEPS_HELD
from normalizer.store import PostingStore
from normalizer.store.closing import MOST, ClosingStore, Judged
from normalizer.store.rule_files import NormalizerRules
from normalizer.store.sweeps import SweepStore
from sources.companies.names import CompanyNames

#: Between two looks, at most, and behind the end of a read, whose last postings may still be on their way.
_LOOK_SECONDS, _SOON_SECONDS = 60.0, 1.0
_log = structlog.get_logger()


class ClosingWatch:
    """Side work in every normalizer, of which one at a time does it."""

    def __init__(
        self, session: Session, postings: PostingStore, rules: RuleSource[NormalizerRules], woken: asyncio.Event
    ) -> None:
        """`woken` is set where a feed was read to its end."""
        self._session = session
        self._woken = woken
        self._postings = postings
        self._sweeps = SweepStore()
        self._rules = rules

    async def look(self, now: datetime) -> int:
        """Judge all reads that wait, then look at all postings that are due; how many others must hear of."""
        rules = await self._rules.current()
        store = ClosingStore(self._postings, rules)
        while await self._judge(store, now):
            pass
        heard, due = 0, MOST
        while due == MOST:
            due, changed = await self._look(store, rules.names, now)
            heard += changed
        async with self._session.engine.begin() as conn:
            await self._sweeps.purge(conn, now - store.kept)
        return heard

    async def _judge(self, store: ClosingStore, now: datetime) -> bool:
        async with self._session.engine.begin() as conn:
            found = await store.judge_next(conn, now) if await store.alone(conn) else None
        if found is not None:
            _report(found)
        return found is not None

    async def _look(self, store: ClosingStore, names: CompanyNames, now: datetime) -> tuple[int, int]:
        session = self._session
        async with session.engine.begin() as conn:
            if not await store.alone(conn):
                return 0, 0
            due = await store.due(conn, now)
            changed = await store.look(conn, due, now) if due else []
            messages = _messages(told(changed, names), now)
            await session.outbox.add(conn, messages)
        await send_now(session.broker, session.engine, session.outbox, messages)
        return len(due), len(changed)

    @contextlib.asynccontextmanager
    async def running(self, now: Callable[[], datetime]) -> AsyncIterator[None]:
        """Look for the duration of the context; a watch that fails ends the process loudly."""

        async def look() -> None:
            await self.look(now())

        async with asyncio.TaskGroup() as group:
            task = group.create_task(
                repeat(self._session, "closing", look, _LOOK_SECONDS, woken=self._woken, soon=_SOON_SECONDS)
            )
            try:
                yield
            finally:
                task.cancel()


def _messages(events: Iterable[PostingsNormalized], now: datetime) -> list[Outgoing]:
    """Side work, as it belongs to no run."""
    messages = []
    for event in events:
        name = unit_id("aside", event.event_type, *((p.hash_key, p.version) for p in event.postings))
        messages.append(outgoing(event, root_headers("", name, "", "", now), name, ""))
    return messages


def _report(judged: Judged) -> None:
    if judged.held:
        SWEEPS_HELD.labels(judged.source).inc()
        _log.warning(
            "closing_held_back", source=judged.source, feed=judged.feed, missing=judged.missing, closed=judged.closed
        )
    elif judged.closed:
        _log.info("postings_gone", source=judged.source, feed=judged.feed, postings=judged.closed)
