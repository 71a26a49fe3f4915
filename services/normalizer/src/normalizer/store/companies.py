"""The dimension of companies: everyone who is named as an employer, and what a provider tells of them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from common.database import bulk_upsert
from normalizer.tables import company

#: What makes a new version where it differs.
_FACTS = ("company_id", "name", "website", "industry", "size_text", "size", "rating", "reviews", "location", "revenue")
_ORIGIN = ("match_score", "archive_key", "source_system", "collected_at", "dwh_load_date", "dwh_load_timestamp")


def seen_row(key: str, name_key: str, name: str, domain: str | None, now: datetime) -> dict[str, Any]:
    """The row of an employer of whom only a posting has told."""
    return {
        "company_key": key, "version": 0, "name_key": name_key, "name": name, "domain": domain, "first_seen_at": now,
        "dwh_load_date": now.date(), "dwh_load_timestamp": now,
    }  # fmt: skip


class CompanyStore:
    """SQL on the table of companies."""

    async def add(self, conn: AsyncConnection, rows: Sequence[dict[str, Any]]) -> list[str]:
        """Store those that are not there yet; returns their keys. Of two transactions only one adds a company."""
        key = ["company_key"]
        new = await bulk_upsert(conn, company, rows, key=key, update=(), returning=key)
        return [UUID(str(row.company_key)).hex for row in new]

    async def tell(self, conn: AsyncConnection, row: dict[str, Any]) -> sa.Row[Any] | None:
        """Store a provider's facts as the next version; None where they are known, or older than what is known.

        A domain that a posting has named stays.
        """
        statement = insert(company).values({**row, "version": 1})
        new = statement.excluded
        changed: dict[str, Any] = {name: new[name] for name in (*_FACTS, *_ORIGIN)}
        changed["domain"] = sa.func.coalesce(company.c.domain, new.domain)
        changed["version"] = company.c.version + 1
        later = sa.or_(company.c.collected_at.is_(None), company.c.collected_at <= new.collected_at)
        facts = [sa.tuple_(*(side[name] for name in _FACTS)) for side in (company.c, new)]
        differs = sa.or_(company.c.version == 0, facts[0].is_distinct_from(facts[1]))
        upsert = statement.on_conflict_do_update(
            index_elements=[company.c.company_key], set_=changed, where=sa.and_(later, differs)
        )
        told: sa.Row[Any] | None = (await conn.execute(upsert.returning(company))).one_or_none()
        return told
