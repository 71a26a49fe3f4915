"""Data leaves and is read back: campaigns and job features in PostgreSQL."""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

import msgspec
import sqlalchemy as sa
import yaml
from sqlalchemy.ext.asyncio import AsyncConnection

from common.contracts import Campaign, Company
from common.database import bulk_upsert
from common.settings.rule_files import Parse, RuleFiles
from ranker.domain.campaigns import CampaignState
from ranker.domain.currency import parse_rates
from ranker.domain.facts import UNKNOWN, Employer, Facts, with_employer
from ranker.domain.geography import parse_places
from ranker.domain.rules import Rules, parse_ranking, rules_of
from ranker.tables import campaign, company, job_features

#: Any number, the same in all ranker processes: guards the set of campaigns and what is known of companies.
_CAMPAIGNS_LOCK = 0x706F737468726E
_facts = msgspec.json.Decoder(Facts)
_campaign = msgspec.json.Decoder(Campaign)
_definition = sa.cast(campaign.c.definition, sa.Text)
_features = sa.cast(job_features.c.features, sa.Text).label("features")


#: Every file that ranking reads.
PARSERS: dict[str, Parse] = {
    "ranking.yml": lambda content: parse_ranking(yaml.safe_load(content)),
    "fx_rates.yml": lambda content: parse_rates(yaml.safe_load(content)),
    "taxonomy/places.yml": lambda content: parse_places(yaml.safe_load(content)),
}


def load_rules(files: RuleFiles | None = None) -> Rules:
    """The rules in `config/` with the changes of `files`; RulesRefusedError where one cannot be used."""
    return rules_of(*(files or RuleFiles()).parsed(PARSERS).values())


@dataclass(frozen=True)
class StoredJob:
    """A job as the ranker keeps it: `facts` are its own, `employer` is what is known of the company."""

    hash_key: uuid.UUID
    version: int
    closed: bool
    facts: Facts
    company_key: uuid.UUID | None = None
    employer: Employer = UNKNOWN

    @property
    def known(self) -> Facts:
        """All that it is scored by."""
        return with_employer(self.facts, self.employer)


class RankerStore:
    """SQL on the ranker's tables; every method works in the caller's transaction."""

    async def hold_campaigns(self, conn: AsyncConnection) -> None:
        """Until the end of the transaction no campaign and no company changes: jobs stored in it meet all it sees."""
        await conn.execute(sa.select(sa.func.pg_advisory_xact_lock_shared(_CAMPAIGNS_LOCK)))

    async def save_campaign(self, conn: AsyncConnection, changed: Campaign, as_of: date) -> CampaignState:
        """Store the campaign unless what is stored is newer (version, then date); what is stored afterwards.

        Waits for all transactions that hold the campaigns, so that whoever reads job features after this commits
        finds every job that was ranked without this change.
        """
        await conn.execute(sa.select(sa.func.pg_advisory_xact_lock(_CAMPAIGNS_LOCK)))
        row = {
            "campaign_id": changed.campaign_id, "version": changed.version, "as_of": as_of,
            "is_active": changed.is_active and not changed.deleted, "definition": changed,
        }  # fmt: skip
        newer = "(t.version, t.as_of) < (excluded.version, excluded.as_of)"
        await bulk_upsert(conn, campaign, [row], key=["campaign_id"], where=newer)
        state = await self.state(conn, changed.campaign_id)
        if state is None:
            raise LookupError(f"campaign {changed.campaign_id} vanished within the transaction that stored it")
        return state

    async def state(self, conn: AsyncConnection, campaign_id: str) -> CampaignState | None:
        """The stored state of a campaign."""
        rows = await conn.execute(_states.where(campaign.c.campaign_id == campaign_id))
        row = rows.first()
        return CampaignState(*row) if row else None

    async def active(self, conn: AsyncConnection) -> tuple[CampaignState, ...]:
        """All active campaigns, by id."""
        rows = await conn.execute(_states.where(campaign.c.is_active).order_by(campaign.c.campaign_id))
        return tuple(CampaignState(*row) for row in rows)

    async def definitions(self, conn: AsyncConnection, campaign_ids: Sequence[str]) -> dict[str, Campaign]:
        """The stored campaigns by id."""
        rows = await conn.execute(
            sa.select(campaign.c.campaign_id, _definition).where(campaign.c.campaign_id.in_(campaign_ids))
        )
        return {campaign_id: _campaign.decode(definition) for campaign_id, definition in rows}

    async def save_jobs(self, conn: AsyncConnection, jobs: Sequence[StoredJob]) -> None:
        """Store features unless what is stored is newer; the same version again comes of a replay under other rules."""
        newest: dict[uuid.UUID, StoredJob] = {}
        for job in jobs:
            if job.hash_key not in newest or newest[job.hash_key].version < job.version:
                newest[job.hash_key] = job
        rows = [
            {
                "hash_key": j.hash_key, "version": j.version, "closed": j.closed, "features": j.facts,
                "company_key": j.company_key,
            }
            for j in newest.values()
        ]  # fmt: skip
        await bulk_upsert(conn, job_features, rows, key=["hash_key"], where="t.version <= excluded.version")

    async def jobs_after(self, conn: AsyncConnection, after: uuid.UUID | None, most: int) -> list[StoredJob]:
        """Open jobs behind `after` in the order of hash_key."""
        query = _jobs.where(sa.not_(job_features.c.closed)).order_by(job_features.c.hash_key).limit(most)
        if after is not None:
            query = query.where(job_features.c.hash_key > after)
        return [_stored(row) for row in (await conn.execute(query)).mappings()]

    async def jobs_of(
        self, conn: AsyncConnection, companies: Sequence[uuid.UUID], after: uuid.UUID | None, most: int
    ) -> list[StoredJob]:
        """Open jobs of these companies behind `after` in the order of hash_key."""
        query = _jobs.where(job_features.c.company_key.in_(companies), sa.not_(job_features.c.closed))
        query = query.order_by(job_features.c.hash_key).limit(most)
        if after is not None:
            query = query.where(job_features.c.hash_key > after)
        return [_stored(row) for row in (await conn.execute(query)).mappings()]

    async def save_companies(self, conn: AsyncConnection, companies: Sequence[Company]) -> None:
        """Store what is known of companies unless what is stored is as new or newer.

        Waits for all transactions that rank, as `save_campaign` does, and for the same reason.
        """
        await conn.execute(sa.select(sa.func.pg_advisory_xact_lock(_CAMPAIGNS_LOCK)))
        rows = [
            {"company_key": uuid.UUID(c.company_key), "version": c.version, "size": c.size, "rating": c.rating}
            for c in companies
        ]
        await bulk_upsert(conn, company, rows, key=["company_key"], where="t.version < excluded.version")

    async def employers(self, conn: AsyncConnection, keys: Collection[uuid.UUID]) -> dict[uuid.UUID, Employer]:
        """What is known of these companies; those that nothing is known of are left out."""
        rows = await conn.execute(_EMPLOYERS, {"keys": list(keys)})
        return {row.company_key: Employer(row.version, row.size, row.rating) for row in rows}

    async def job(self, conn: AsyncConnection, hash_key: uuid.UUID) -> StoredJob | None:
        """What is known of one job."""
        row = (await conn.execute(_jobs.where(job_features.c.hash_key == hash_key))).mappings().first()
        return _stored(row) if row else None


# One list, not so many parameters: the statement stays the same, and is planned once.
_EMPLOYERS = sa.select(company).where(company.c.company_key == sa.any_(sa.bindparam("keys", type_=sa.ARRAY(sa.Uuid))))
_states = sa.select(campaign.c.campaign_id, campaign.c.version, campaign.c.as_of, campaign.c.is_active)
_jobs = sa.select(
    job_features.c.hash_key, job_features.c.version, job_features.c.closed, _features, job_features.c.company_key,
    company.c.version.label("company_version"), company.c.size, company.c.rating,
).outerjoin_from(job_features, company, company.c.company_key == job_features.c.company_key)  # fmt: skip


def _stored(row: sa.RowMapping) -> StoredJob:
    known = UNKNOWN
    if row["company_version"] is not None:
        known = Employer(row["company_version"], row["size"], row["rating"])
    facts = _facts.decode(row["features"])
    return StoredJob(row["hash_key"], row["version"], row["closed"], facts, row["company_key"], known)
