"""Employers that postings name for the first time: queued, to be looked up beside the runs."""

import uuid
from typing import Any

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from common.contracts import CompaniesSeen, Headers
from common.messaging.errors import PermanentError
from common.messaging.rule_sets import RuleSource
from common.messaging.unit import Finished
from extractor.store.companies import CompanyStore
from extractor.store.rule_files import ExtractorRules

_log = structlog.get_logger()


class QueueCompanies:
    """Each employer is queued once, however often it is seen."""

    event = CompaniesSeen
    queue = "extractor.companies"
    trial = None

    def __init__(self, store: CompanyStore, rules: RuleSource[ExtractorRules]) -> None:
        self._store = store
        self._rules = rules

    async def prepare(self, headers: Headers, event: CompaniesSeen) -> dict[uuid.UUID, dict[str, Any]]:
        """A row for each employer."""
        names = (await self._rules.current()).names
        try:
            return {
                (key := uuid.UUID(company.company_key)): {
                    "company_lookup_key": key,
                    "name": company.name,
                    "domain": names.domain(company.url),
                    "query": names.core(company.name),
                    "run_id": headers.run_id,
                    "campaign_id": headers.campaign_id,
                }
                for company in event.companies
            }
        except ValueError as error:
            raise PermanentError("bad_company_key", str(error)) from error

    async def apply(
        self, conn: AsyncConnection, headers: Headers, event: CompaniesSeen, prepared: dict[uuid.UUID, dict[str, Any]]
    ) -> Finished:
        """Store those that are new."""
        new = await self._store.add(conn, list(prepared.values()))
        if new:
            _log.info("companies_queued", new=new)
        return Finished()
