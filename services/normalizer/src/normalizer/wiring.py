"""Builds the normalizer: one context that opens everything it uses and closes it again."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from common.messaging.rule_sets import RuleSets
from common.messaging.session import Session, open_session
from normalizer.handlers import LookAgain, MarkWithheld, NormalizeCompanies, NormalizePostings, NoteSweep
from normalizer.handlers.closing import ClosingWatch
from normalizer.settings import Settings
from normalizer.store import PostingStore
from normalizer.store.duplicate_decisions import DecisionStore
from normalizer.store.rule_files import PARSERS, NormalizerRules, load_rules
from normalizer.store.sweeps import SweepStore

SERVICE = "normalizer"


@dataclass(frozen=True)
class Wiring:
    """What routes reach through `app.state.wiring`."""

    session: Session
    store: PostingStore
    decisions: DecisionStore
    rules: RuleSets[NormalizerRules]
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    async def check(self) -> None:
        """Raise unless everything the service depends on answers."""
        await self.session.check()


@asynccontextmanager
async def wire(settings: Settings) -> AsyncIterator[Wiring]:
    """Open the session, make the rules ready, then start consuming."""
    rules = RuleSets(SERVICE, PARSERS, partial(load_rules, enforce=settings.dq_enforce))
    async with open_session(SERVICE, settings, rules) as session:
        await rules.current()
        store = PostingStore()
        wiring = Wiring(session, store, DecisionStore(session.outbox), rules)
        await session.run(NormalizePostings(store, rules))
        await session.run(LookAgain(store, rules))
        await session.run(MarkWithheld())
        await session.run(NormalizeCompanies(rules))
        swept = asyncio.Event()
        await session.run(NoteSweep(SweepStore(), swept))
        async with ClosingWatch(session, store, rules, swept).running(wiring.now):
            yield wiring
