"""Builds the gateway: one context that opens everything it uses and closes it again."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx

from common.messaging.rule_sets import RuleSets, RuleSource
from common.messaging.session import Session, open_session
from common.web.quarantine import quarantine_app
from gateway.clients.services import Services, connect
from gateway.handlers.deadlines import SlaWatch
from gateway.handlers.duplicates import GroupJobs
from gateway.handlers.healing import Healer
from gateway.handlers.jobs import PublishJobs, ShowCompanies
from gateway.handlers.ledger import KeepLedger
from gateway.handlers.releasing import Releaser
from gateway.handlers.rules import RuleWatch
from gateway.handlers.starting import Scheduler, Starter
from gateway.settings import Settings
from gateway.store.campaigns import CampaignStore
from gateway.store.clusters import ClusterStore
from gateway.store.endings import Endings
from gateway.store.healing import Healing
from gateway.store.holding import Holding
from gateway.store.jobs import JobStore
from gateway.store.judging import Judging
from gateway.store.ledger import Ledger
from gateway.store.publishing import Publisher
from gateway.store.quality import QualityStore
from gateway.store.rule_files import PARSERS, RunRules, run_rules
from gateway.store.rules import RuleBook
from gateway.store.runs import RunStore
from gateway.store.sla import SlaStore

SERVICE = "gateway"
_LEDGER_BATCH = 200


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Wiring:
    """What routes reach through `app.state.wiring`."""

    settings: Settings
    session: Session
    campaigns: CampaignStore
    runs: RunStore
    jobs: JobStore
    clusters: ClusterStore
    quality: QualityStore
    ledger: Ledger
    rules: RuleBook
    starter: Starter
    scheduler: Scheduler
    services: Services
    now: Callable[[], datetime]
    release: Callable[[], None]

    async def check(self) -> None:
        """Raise unless everything the service depends on answers."""
        await self.session.check()


@asynccontextmanager
async def wire(settings: Settings, local: Mapping[str, httpx.AsyncBaseTransport]) -> AsyncIterator[Wiring]:
    """Open the session, then consume, keep the ledger and the schedule."""
    ruling = RuleSets(SERVICE, PARSERS, run_rules)
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(open_session(SERVICE, settings, ruling))
        own = httpx.ASGITransport(quarantine_app(session))
        services = await stack.enter_async_context(connect(settings, {**local, SERVICE: own}))
        await ruling.current()
        gate = quality_gate(session, settings, ruling)
        campaigns, ledger = CampaignStore(), gate.ledger
        runs = RunStore(session.outbox, settings.run_deadline)
        starter = Starter(campaigns, runs)
        await session.run(gate.publish)
        await session.run(ShowCompanies(Publisher()))
        await session.run(GroupJobs(ClusterStore()))
        await session.consume(KeepLedger.queue, KeepLedger(session, ledger), batch=_LEDGER_BATCH)
        healing = Healing(session.outbox, ledger, settings.probe_after)
        healer = Healer(session, healing, probe_after=settings.probe_after, sweep_every=settings.sweep_every)
        await stack.enter_async_context(healer.running())
        await stack.enter_async_context(gate.releaser.running())
        sla = SlaStore(session.outbox)
        await stack.enter_async_context(SlaWatch(session, sla).running(_utc_now))
        rules = RuleBook(session.outbox)
        watch = RuleWatch(session, rules, campaigns, runs, services)
        await stack.enter_async_context(watch.running(_utc_now))
        scheduler = Scheduler(session, starter, campaigns, ledger, sla)
        if settings.scheduler_enabled:
            await stack.enter_async_context(scheduler.running(_utc_now))
        yield Wiring(
            settings, session, campaigns, runs, JobStore(), ClusterStore(), QualityStore(), ledger, rules, starter,
            scheduler, services, _utc_now, gate.wake,
        )  # fmt: skip


@dataclass(frozen=True)
class QualityGate:
    """The parts of the quality gate; `wake` is called where something may be published."""

    publish: PublishJobs
    ledger: Ledger
    releaser: Releaser
    wake: Callable[[], None]


def quality_gate(session: Session, settings: Settings, rules: RuleSource[RunRules]) -> QualityGate:
    """Put them together; all of them go by the same rules."""
    woken, holding = asyncio.Event(), Holding()
    judging = Judging(rules, holding, enforce=settings.dq_enforce, wake=woken.set)
    endings = Endings(session.outbox, judging)
    releaser = Releaser(session, QualityStore(), holding, Publisher(), endings, woken)
    publish = PublishJobs(Publisher(), rules, holding if settings.dq_enforce else None)
    return QualityGate(publish, Ledger(session.outbox, endings), releaser, woken.set)
