"""Tables of the extractor: archived pages, feeds, health and quotas of sources, and look-ups of companies."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from common.messaging.rule_set_store import add_rule_set_table
from common.messaging.tables import add_messaging_tables

metadata = sa.MetaData(schema="extractor")

page = sa.Table(
    "page",
    metadata,
    # The event_id of the request: the same however often the page is worked on.
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("run_id", sa.Text, nullable=False),
    sa.Column("campaign_id", sa.Text, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("feed", sa.Text, nullable=False),
    sa.Column("page", sa.Integer, nullable=False),
    sa.Column("archive_key", sa.Text, nullable=False, unique=True),
    sa.Column("sha256", sa.Text, nullable=False),
    sa.Column("bytes", sa.BigInteger, nullable=False),
    sa.Column("status", sa.Integer, nullable=False),
    sa.Column("items", sa.Integer, nullable=False),
    sa.Column("error", sa.Text),
    sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=False),
    # When its object went, its time being over.
    sa.Column("removed_at", sa.DateTime(timezone=True)),
    sa.Index("page_run", "run_id", "fetched_at", "id"),
    sa.Index("page_time", "fetched_at", "id"),
)

feed = sa.Table(
    "feed",
    metadata,
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("feed", sa.Text, primary_key=True),
    # A search finds something else for each campaign, so what was found is kept for each.
    sa.Column("campaign_id", sa.Text, primary_key=True),
    sa.Column("params", pg.JSONB, nullable=False),
    sa.Column("last_run_id", sa.Text, nullable=False),
    sa.Column("first_fetched_at", sa.DateTime(timezone=True)),
    sa.Column("last_fetched_at", sa.DateTime(timezone=True)),
    sa.Column("last_items", sa.Integer),
    sa.Column("empty_since", sa.DateTime(timezone=True)),
    # Set while it is empty though it was not once.
    sa.Column("emptied_at", sa.DateTime(timezone=True)),
    sa.Column("last_error", sa.Text),
    sa.Column("last_error_at", sa.DateTime(timezone=True)),
    # When it was last read to its end, and why that was not the whole.
    sa.Column("swept_at", sa.DateTime(timezone=True)),
    sa.Column("left_out", sa.Text),
)

# What the next request of a page is made conditional by, and where the page is that it then stands for.
page_validators = sa.Table(
    "page_validators",
    metadata,
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("feed", sa.Text, primary_key=True),
    sa.Column("campaign_id", sa.Text, primary_key=True),
    sa.Column("page", sa.Integer, primary_key=True),
    sa.Column("request", sa.Text, nullable=False),
    sa.Column("etag", sa.Text),
    sa.Column("last_modified", sa.Text),
    sa.Column("archive_key", sa.Text, nullable=False),
    sa.Column("sha256", sa.Text, nullable=False),
)

# Only of sources that were paused or have failed.
source_state = sa.Table(
    "source_state",
    metadata,
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("paused_at", sa.DateTime(timezone=True)),
    sa.Column("failures", sa.Integer, nullable=False, server_default="0"),
    sa.Column("broken_at", sa.DateTime(timezone=True)),
    sa.Column("reason", sa.Text, nullable=False, server_default=""),
    sa.Column("wait", sa.Interval, nullable=False, server_default=sa.text("interval '5 minutes'")),
    sa.Column("trial_at", sa.DateTime(timezone=True)),
)

source_day = sa.Table(
    "source_day",
    metadata,
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("requests", sa.BigInteger, nullable=False),
    sa.Column("pages", sa.BigInteger, nullable=False),
    sa.Column("failed", sa.BigInteger, nullable=False),
    sa.Column("postings", sa.BigInteger, nullable=False),
    sa.Column("milliseconds", sa.BigInteger, nullable=False),
    # Failures by kind; items looked at, and in how many of them each field was filled.
    sa.Column("errors", pg.JSONB, nullable=False),
    sa.Column("sampled", sa.BigInteger, nullable=False),
    sa.Column("fields", pg.JSONB, nullable=False),
)

quota_use = sa.Table(
    "quota_use",
    metadata,
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("slot", sa.DateTime(timezone=True), primary_key=True),
    sa.Column("requests", sa.Integer, nullable=False),
)

# One row a day: who writes it sweeps.
archive_sweep = sa.Table(
    "archive_sweep",
    metadata,
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("finished_at", sa.DateTime(timezone=True)),
    sa.Column("objects", sa.Integer),
    sa.Column("bytes", sa.BigInteger),
)

# A look-up that is due has a `next_attempt_at`, one that has ended has none. While somebody works on it, `leased_until`
# lies ahead; one that lies behind was left by a process that died.
company_enrichment_queue = sa.Table(
    "company_enrichment_queue",
    metadata,
    sa.Column("company_lookup_key", sa.Uuid, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("domain", sa.Text),
    # What is asked for, folded: employers of one name share the answer.
    sa.Column("query", sa.Text, nullable=False),
    sa.Column("enrichment_status", sa.Text, nullable=False, server_default="pending"),
    sa.Column("attempts", sa.SmallInteger, nullable=False, server_default="0"),
    sa.Column("next_attempt_at", sa.DateTime(timezone=True), server_default=sa.func.now()),
    sa.Column("leased_until", sa.DateTime(timezone=True)),
    sa.Column("last_error", sa.Text),
    sa.Column("company_id", sa.Text),
    sa.Column("reason", sa.Text),
    sa.Column("score", sa.Float),
    sa.Column("rules_version", sa.Integer),
    sa.Column("run_id", sa.Text, nullable=False),
    sa.Column("campaign_id", sa.Text, nullable=False),
    sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    sa.CheckConstraint(
        "enrichment_status IN ('pending', 'success', 'not_found', 'error')", name="company_enrichment_status"
    ),
    sa.CheckConstraint("score BETWEEN 0 AND 100", name="company_score"),
    sa.Index("company_due", "leased_until", "next_attempt_at", postgresql_where=sa.text("next_attempt_at IS NOT NULL")),
    sa.Index("company_leased_query", "query", postgresql_where=sa.text("leased_until IS NOT NULL")),
    sa.Index("company_by_time", "updated_at", "company_lookup_key"),
)

glassdoor_companies = sa.Table(
    "glassdoor_companies",
    metadata,
    # Of the archived object's key: the same however often the answer is worked on.
    sa.Column("glassdoor_companies_key", sa.Uuid, primary_key=True),
    sa.Column("company_lookup_key", sa.Uuid, nullable=False),
    # Null: what came cannot be read, and is nobody's answer.
    sa.Column("query", sa.Text),
    # json, not jsonb: an answer may hold \u0000.
    sa.Column("payload", pg.JSON, nullable=False),
    sa.Column("archive_key", sa.Text, nullable=False, unique=True),
    sa.Column("sha256", sa.Text, nullable=False),
    sa.Column("source_system", sa.Text, nullable=False),
    sa.Column("collected_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("dwh_load_date", sa.Date, nullable=False, server_default=sa.func.current_date()),
    sa.Column("dwh_load_timestamp", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    sa.Index("glassdoor_companies_query", "query", "collected_at"),
)

add_messaging_tables(metadata)
add_rule_set_table(metadata)
