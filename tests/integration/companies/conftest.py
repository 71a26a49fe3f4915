"""The extractor's look-ups on a real database, with a provider whose answers the test decides."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec
import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from common.contracts import CompaniesCollected, CompaniesSeen, Headers, SeenCompany, decode
from common.messaging.session import Session, open_session
from common.settings.rule_files import RuleFiles
from common.storage import ObjectStore
from common.testing.postgres import Database
from extractor.clients.archive import Archive
from extractor.clients.providers import Providers
from extractor.handlers import CompanyLookUps, QueueCompanies
from extractor.settings import Settings
from extractor.store.companies import CompanyStore
from extractor.store.rule_files import load_rules
from extractor.tables import company_enrichment_queue as queue
from sources.companies.glassdoor import GlassdoorSearch
from tests.integration.companies.glassdoor import Glassdoor
from tests.support.rules import FixedRules

RULES = load_rules(RuleFiles())
LOADED, NAMES = FixedRules(RULES), RULES.names
HEADERS = Headers(
    event_id="e", event_type="t", run_id="run-1", unit_id="u", stage="", first_at=datetime(2026, 11, 20, tzinfo=UTC),
    sha256="", campaign_id="c1",
)  # fmt: skip


def seen(name: str, url: str | None = None) -> SeenCompany:
    key = NAMES.key(name, url)
    assert key is not None
    return SeenCompany(company_key=key, name=name, url=url)


@dataclass
class Extractor:
    """The part of the extractor that looks companies up."""

    session: Session
    provider: Glassdoor
    archive: Archive
    store: CompanyStore
    worker: CompanyLookUps
    another: Callable[[], CompanyLookUps]

    async def see(self, *companies: SeenCompany) -> None:
        stage = QueueCompanies(self.store, LOADED)
        event = CompaniesSeen(companies=list(companies))
        prepared = await stage.prepare(HEADERS, event)
        async with self.session.engine.begin() as conn:
            await stage.apply(conn, HEADERS, event, prepared)

    async def work(self) -> None:
        """Until nothing is due."""
        while await self.worker.look_up_next() is not None:
            pass

    async def rows(self) -> list[sa.Row[tuple[object, ...]]]:
        async with self.session.engine.connect() as conn:
            return list(await conn.execute(sa.select(queue).order_by(queue.c.name)))

    async def make_due(self) -> None:
        """As if the pauses and leases of all that has not ended were over."""
        gone = {"next_attempt_at": sa.func.now(), "leased_until": sa.func.now() - sa.text("interval '1 second'")}
        async with self.session.engine.begin() as conn:
            await conn.execute(queue.update().where(queue.c.next_attempt_at.is_not(None)).values(gone))

    async def collected(self) -> list[CompaniesCollected]:
        """What was sent on, in order."""
        async with self.session.engine.connect() as conn:
            rows = await conn.execute(sa.text("SELECT headers, body FROM extractor.outbox ORDER BY seq"))
            read = [(msgspec.convert(row.headers, Headers), row.body) for row in rows]
        assert all(headers.stage == "" for headers, _ in read)
        return [decode(CompaniesCollected, body, headers.sha256) for headers, body in read]


@pytest.fixture
async def extractor(database: Database, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Extractor]:
    monkeypatch.setenv("GLASSDOOR_API_KEY", "secret-key")
    settings = Settings(database_url=SecretStr(database.url("extractor")), port=0)  # type: ignore[call-arg]  # the other settings have defaults
    provider, archive, store = Glassdoor(), Archive(ObjectStore.from_url("memory:///"), "bronze"), CompanyStore()
    async with open_session("extractor", settings) as session:

        def worker() -> CompanyLookUps:
            providers = Providers(provider.client)
            return CompanyLookUps(session, store, archive, providers, GlassdoorSearch(), LOADED)

        yield Extractor(session, provider, archive, store, worker(), worker)
