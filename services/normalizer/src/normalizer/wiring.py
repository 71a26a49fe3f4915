"""Builds the normalizer: one context that opens everything it uses and closes it again."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import yaml

from common.messaging.session import Session, open_session
from common.settings import config_path
from normalizer.domain.precedence import Precedence, precedence_from
from normalizer.handlers import NormalizeCompanies, NormalizePostings, NoteSweep
from normalizer.handlers.closing import ClosingWatch
from normalizer.settings import Settings
from normalizer.store import PostingStore
from normalizer.store.closing import ClosingStore
from normalizer.store.duplicate_decisions import DecisionStore
from normalizer.store.rule_files import load_rules
from normalizer.store.sweeps import SweepStore

SERVICE = "normalizer"


@dataclass(frozen=True)
class Wiring:
    """What routes reach through `app.state.wiring`."""

    session: Session
    store: PostingStore
    decisions: DecisionStore
    precedence: Precedence
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    async def check(self) -> None:
        """Raise unless everything the service depends on answers."""
        await self.session.check()


@asynccontextmanager
async def wire(settings: Settings) -> AsyncIterator[Wiring]:
    """Open the session, then start consuming."""
    async with open_session(SERVICE, settings) as session:
        store, rules = PostingStore(), load_rules()
        precedence = precedence_from(yaml.safe_load(config_path("sources.yml").read_text()))
        wiring = Wiring(session, store, DecisionStore(session.outbox), precedence)
        await session.run(NormalizePostings(store, enforce=settings.dq_enforce))
        await session.run(NormalizeCompanies())
        await session.run(NoteSweep(SweepStore()))
        closing = ClosingStore(store, precedence, rules.closing)
        async with ClosingWatch(session, closing, rules.names).running(wiring.now):
            yield wiring
