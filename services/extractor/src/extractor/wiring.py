"""Builds the extractor: one context that opens everything it uses and closes it again."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from common.messaging.rule_sets import RuleSets
from common.messaging.session import Session, open_session
from common.storage import ObjectStore, is_bucket
from extractor.clients.archive import Archive
from extractor.clients.providers import Providers
from extractor.clients.recognition import Recogniser
from extractor.domain.retention import Retention
from extractor.handlers import CompanyLookUps, FetchPages, QueueCompanies, StartRun
from extractor.handlers.replaying import ReadWindow, RereadPage
from extractor.handlers.sweeping import Sweeper
from extractor.settings import Settings
from extractor.store import BronzeStore, SourceStore
from extractor.store.companies import CompanyStore
from extractor.store.overview import show
from extractor.store.quotas import QuotaLedger
from extractor.store.rule_files import PARSERS, ExtractorRules, load_rules
from extractor.store.watch import SourceWatch
from sources.companies.glassdoor import GlassdoorSearch
from sources.registry import adapters

SERVICE = "extractor"


@dataclass(frozen=True)
class Wiring:
    """What routes reach through `app.state.wiring`."""

    session: Session
    store: SourceStore
    archive: Archive
    quotas: QuotaLedger
    watch: SourceWatch
    bronze: BronzeStore
    sweeper: Sweeper
    companies: CompanyStore
    look_ups: CompanyLookUps
    recogniser: Recogniser
    rules: RuleSets[ExtractorRules]

    async def check(self) -> None:
        """Raise unless everything the service depends on answers."""
        await self.session.check()


@asynccontextmanager
async def wire(settings: Settings) -> AsyncIterator[Wiring]:
    """Open archive, clients and session, then start consuming."""
    archive = Archive(ObjectStore.from_url(settings.archive_url), settings.bronze_prefix)
    providers, store = Providers(), SourceStore()
    companies, rules = CompanyStore(), RuleSets(SERVICE, PARSERS, load_rules)
    try:
        async with open_session(SERVICE, settings, rules) as session:
            await rules.current()
            quotas = QuotaLedger(session.engine)
            providers.gate = quotas.gate
            watch = SourceWatch(session.engine, broken_after=settings.broken_after)
            fetch = FetchPages(
                archive=archive, providers=providers, store=store, max_attempts=settings.max_attempts, watch=watch
            )
            await session.run(StartRun())
            await session.run(fetch, settings.fetch_concurrency)
            await session.run(QueueCompanies(companies, rules))
            look_ups = CompanyLookUps(session, companies, archive, providers, GlassdoorSearch(), rules)
            await session.run(ReadWindow(store))
            await session.run(RereadPage(archive, store, session.engine))
            bronze = BronzeStore()
            sweeper = _sweeper(settings, archive, bronze, session)
            async with (
                watch.running(lambda: show(session.engine, quotas)),
                look_ups.running(),
                sweeper.running(lambda: datetime.now(UTC)),
            ):
                yield Wiring(
                    session, store, archive, quotas, watch, bronze, sweeper, companies, look_ups,
                    Recogniser(providers), rules,
                )  # fmt: skip
    finally:
        await providers.close()


def _sweeper(settings: Settings, archive: Archive, bronze: BronzeStore, session: Session) -> Sweeper:
    asked = {name: adapter.terms.retention_days for name, adapter in adapters().items()}
    retention = Retention(settings.archive_retention_days, {name: days for name, days in asked.items() if days})
    bucket = settings.archive_url if is_bucket(settings.archive_url) else None
    return Sweeper(archive, bronze, session.engine, retention, bucket, settings.archive_tier_days)
