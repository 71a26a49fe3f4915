"""Answers of a company provider become rows of the dimension, and go on to who scores and shows jobs."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from common.contracts import CompaniesCollected, CompaniesNormalized, Company, Headers
from common.messaging.errors import PermanentError
from common.messaging.rule_sets import RuleSource
from common.messaging.unit import Finished
from normalizer.domain.companies import company_columns
from normalizer.metrics import COMPANIES
from normalizer.store.companies import CompanyStore
from normalizer.store.rule_files import NormalizerRules
from sources.companies.glassdoor import SEARCHES
from sources.errors import MappingError

_SENT = ("version", "name", "size", "rating", "industry", "domain", "website", "location", "reviews", "revenue")
_log = structlog.get_logger()


class NormalizeCompanies:
    """Keeps the latest facts of a company; what changes nothing is not sent on."""

    event = CompaniesCollected
    queue = "normalizer.companies"
    trial = None

    def __init__(
        self, rules: RuleSource[NormalizerRules], now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._store = CompanyStore()
        self._rules = rules
        self._now = now

    async def prepare(self, headers: Headers, event: CompaniesCollected) -> dict[str, Any]:
        """The company's row; an answer that cannot be read is set aside."""
        search = SEARCHES.get(event.provider)
        if search is None:
            raise PermanentError("provider_unknown", f"{event.provider!r}; known: {', '.join(SEARCHES)}")
        if len(event.items) != 1:
            raise PermanentError("not_one_company", f"{len(event.items)} companies for {event.company_key}")
        try:
            key, facts = UUID(event.company_key), search.read(event.items[0])
        except MappingError as error:
            raise PermanentError(error.reason, error.detail, ours=False) from error
        except ValueError as error:
            raise PermanentError("bad_company_key", str(error)) from error
        now, rules = self._now(), await self._rules.current()
        return company_columns(facts, rules.names, rules.upper_ends) | {
            "company_key": key, "match_score": event.score, "archive_key": event.archive_key,
            "source_system": event.provider, "collected_at": event.collected_at, "first_seen_at": now,
            "dwh_load_date": now.date(), "dwh_load_timestamp": now,
        }  # fmt: skip

    async def apply(
        self, conn: AsyncConnection, headers: Headers, event: CompaniesCollected, prepared: dict[str, Any]
    ) -> Finished:
        """Store it and, where that changed something, send its full state on."""
        row = await self._store.tell(conn, prepared)
        COMPANIES.labels("unchanged" if row is None else "normalized").inc()
        if row is None:
            return Finished()
        _log.info("company_normalized", company=row.name, version=row.version, size=row.size, rating=row.rating)
        told = Company(company_key=event.company_key, **{name: getattr(row, name) for name in _SENT})
        return Finished(aside=[CompaniesNormalized(companies=[told])])
