"""Sees to it that every service goes by the rules activated last, and ranks anew where they changed ranking."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from datetime import datetime

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from common.messaging.protocol import Outgoing
from common.messaging.relay import send_now
from common.messaging.repeating import repeat
from common.messaging.session import Session
from common.settings.rule_files import RuleFiles
from common.web.rules import RulesHere
from gateway.clients.rules import rules_in_use
from gateway.clients.services import Services
from gateway.store.campaigns import CampaignStore
from gateway.store.rules import RuleBook, activation_message
from gateway.store.runs import RunStore

#: Between two looks; between two looks where all services go by the same rules, and two times that are said again.
_LOOK_SECONDS, _SETTLED_SECONDS, _AGAIN_SECONDS = 2.0, 60.0, 30.0
_log = structlog.get_logger()


class RuleWatch:
    """In every gateway; several do not disturb each other."""

    def __init__(
        self, session: Session, book: RuleBook, campaigns: CampaignStore, runs: RunStore, services: Services
    ) -> None:
        self._session = session
        self._book = book
        self._campaigns = campaigns
        self._runs = runs
        self._services = services
        self._settled: tuple[int, float] = (0, 0.0)
        self._said: tuple[int, float] = (0, 0.0)

    async def look(self, now: datetime) -> None:
        """Say an activation again to whoever has not heard of it; begin to rank anew once the ranker has."""
        async with self._session.engine.connect() as conn:
            last = await self._book.last(conn)
        if last is None or _recently(self._settled, last.activation, _SETTLED_SECONDS):
            return
        here = await rules_in_use(self._services)
        behind = [name for name, rules in here.items() if rules is not None and rules.activation < last.activation]
        # It was said when it was activated; whoever is behind for longer may have lost the message.
        if behind and not _recently(self._said, last.activation, _AGAIN_SECONDS):
            if self._said[0] == last.activation:
                await self._say_again(last.version, last.activation, behind, now)
            self._said = (last.activation, time.monotonic())
        ranker = here["ranker"]
        if ranker is not None and ranker.activation >= last.activation:
            await self._rank_anew(ranker, now)
        if not behind and None not in here.values():
            self._settled = (last.activation, time.monotonic())

    async def _say_again(self, version: str, activation: int, behind: list[str], now: datetime) -> None:
        async with self._session.engine.connect() as conn:
            files = await self._book.files(conn, version)
        _log.warning("rules_said_again", activation=activation, rule_set=version, behind=behind)
        await self._session.broker.publish([activation_message(files or RuleFiles(), activation, now)])

    async def _rank_anew(self, ranker: RulesHere, now: datetime) -> None:
        """Once for each activation; not by rules that the ranker has refused."""
        if ranker.refused is not None:
            return
        session = self._session
        async with session.engine.begin() as conn:
            change = await self._book.to_rerank(conn)
            if change is None or change.activation != ranker.activation:
                return
            before, after = await self._book.ranked_by(conn), await self._book.files(conn, change.version)
            messages: list[Outgoing] = []
            if after is None or before.only(ranker.files) != after.only(ranker.files):
                messages = await self._reranks(conn, now)
            await self._book.reranked(conn, change.activation, now)
        _log.info("rules_settled", activation=change.activation, rule_set=change.version, reranks=len(messages))
        await send_now(session.broker, session.engine, session.outbox, messages)

    async def _reranks(self, conn: AsyncConnection, now: datetime) -> list[Outgoing]:
        messages: list[Outgoing] = []
        for each in await self._campaigns.list(conn, is_active=True):
            row = await self._campaigns.get(conn, each.campaign_id, lock=True)
            if row is not None:
                row = await self._campaigns.refresh(conn, row, row.ranked_as_of)
                messages += await self._runs.rerank(conn, row, "rules", now)
        return messages

    @contextlib.asynccontextmanager
    async def running(self, now: Callable[[], datetime]) -> AsyncIterator[None]:
        """Look for the duration of the context; a watch that fails ends the process loudly."""
        async with asyncio.TaskGroup() as group:
            task = group.create_task(repeat(self._session, "rules", lambda: self.look(now()), _LOOK_SECONDS))
            try:
                yield
            finally:
                task.cancel()


def _recently(done: tuple[int, float], activation: int, seconds: float) -> bool:
    return done[0] == activation and time.monotonic() - done[1] < seconds
