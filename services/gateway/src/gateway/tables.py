"""Tables of the gateway: campaigns, runs with their ledger, and the read model of jobs and rankings."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from common.messaging.rule_set_store import add_rule_set_table
from common.messaging.tables import add_messaging_tables

metadata = sa.MetaData(schema="gateway")
add_messaging_tables(metadata)
add_rule_set_table(metadata)

_now = sa.func.now()
_moment = sa.DateTime(timezone=True)

campaign = sa.Table(
    "campaign",
    metadata,
    sa.Column("campaign_id", sa.Uuid, primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("campaign_name", sa.Text, nullable=False),
    sa.Column("email", sa.Text, nullable=False),
    # The criteria as one document: they are read and sent whole, never searched by field.
    sa.Column("criteria", pg.JSONB, nullable=False),
    sa.Column("schedule_cron", sa.Text),
    sa.Column("schedule_time_zone", sa.Text, nullable=False),
    sa.Column("schedule_paused", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("schedule_catch_up", sa.Text, nullable=False, server_default="latest"),
    sa.Column("sla_minutes", sa.Integer),
    # The first slot of any of its schedules that nobody has started or skipped.
    sa.Column("next_run_at", _moment),
    # The slot last reported as not started.
    sa.Column("sla_missed_slot", _moment),
    sa.Column("ranked_as_of", sa.Date, nullable=False),
    sa.Column("is_active", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.Column("deleted_at", _moment),
    sa.Column("total_run_count", sa.Integer, nullable=False, server_default="0"),
    sa.Column("last_run_at", _moment),
    sa.Column("last_run_status", sa.Text),
    sa.Column("last_run_job_count", sa.Integer),
    sa.Column("created_at", _moment, nullable=False, server_default=_now),
    sa.Column("updated_at", _moment, nullable=False, server_default=_now),
    sa.Index("campaign_due", "next_run_at", postgresql_where=sa.text("is_active AND deleted_at IS NULL")),
)

run = sa.Table(
    "run",
    metadata,
    sa.Column("run_id", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    # Nobody's for a replay of archived pages: they may have been read for many.
    sa.Column("campaign_id", sa.Uuid, sa.ForeignKey("gateway.campaign.campaign_id")),
    sa.Column("campaign_name", sa.Text, nullable=False),
    sa.Column("trigger", sa.Text, nullable=False),
    sa.Column("sources", pg.JSONB, nullable=False, server_default="[]"),
    sa.Column("state", sa.Text, nullable=False, server_default="running"),
    sa.Column("open", sa.Integer, nullable=False, server_default="1"),
    sa.Column("late", sa.Integer, nullable=False, server_default="0"),
    sa.Column("requested_at", _moment, nullable=False),
    sa.Column("deadline_at", _moment, nullable=False),
    sa.Column("completed_at", _moment),
    # The slot that it was started for, and of which schedule ("": the campaign's own).
    sa.Column("slot_at", _moment),
    sa.Column("slot_source", sa.Text),
    # When a scheduled run is to have ended, whether that was looked at, and when it was found missed.
    sa.Column("sla_at", _moment),
    sa.Column("sla_judged", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("sla_missed_at", _moment),
    # The run whose quarantine this one works on again.
    sa.Column("replay_of", sa.Text),
    # Which archived pages a replay reads again, or which days a backfill asks for.
    sa.Column("window", pg.JSONB),
    # Since when the notifier is known to have heard of its end.
    sa.Column("announced_at", _moment),
    sa.Column("probes", sa.SmallInteger, nullable=False, server_default="0"),
    sa.Column("probed_at", _moment),
    # The state that it ends in once its results are published; its end is decided from then on.
    sa.Column("ending", sa.Text),
    # What the quality gate has made of its results; null: nobody has judged them.
    sa.Column("gate", sa.Text),
    sa.Column("judged_at", _moment),
    sa.Column("judged_by", sa.Text),
    # Whether what is held of it is being published.
    sa.Column("releasing", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.CheckConstraint("state IN ('running', 'completed', 'cancelled', 'timed_out')", name="run_state"),
    sa.Index("run_by_campaign", "campaign_id", sa.text("requested_at DESC")),
    sa.Index("run_by_time", sa.text("requested_at DESC"), "run_id"),
    sa.Index("run_by_slot", "campaign_id", "slot_source", "slot_at", postgresql_where=sa.text("slot_at IS NOT NULL")),
    sa.Index("run_sla", "sla_at", postgresql_where=sa.text("sla_at IS NOT NULL AND NOT sla_judged")),
    sa.Index("run_running", "deadline_at", postgresql_where=sa.text("state = 'running'")),
    sa.Index("run_releasing", "run_id", postgresql_where=sa.text("releasing")),
    sa.Index("run_blocked", "completed_at", postgresql_where=sa.text("gate IN ('blocked', 'discarded')")),
    sa.Index(
        "run_unannounced", "completed_at", postgresql_where=sa.text("announced_at IS NULL AND state <> 'running'")
    ),
)

unit = sa.Table(
    "unit",
    metadata,
    sa.Column("run_id", sa.Text, sa.ForeignKey("gateway.run.run_id", ondelete="CASCADE"), primary_key=True),
    sa.Column("unit_id", sa.Text, primary_key=True),
    sa.Column("stage", sa.Text, nullable=False),
    sa.Column("declared", sa.Boolean, nullable=False),
    sa.Column("finished", sa.Boolean, nullable=False),
    sa.Column("outcome", sa.Text),
    sa.Column("source", sa.Text),
    # Postings sent to it whose outcome was open: what is missing from the books if the unit is lost.
    sa.Column("postings", sa.Integer, nullable=False, server_default="0"),
    sa.Column("probes", sa.SmallInteger, nullable=False, server_default="0"),
    sa.Column("fetched", sa.Integer, nullable=False, server_default="0"),
    sa.Column("counts", pg.JSONB, nullable=False, server_default="{}"),
    sa.Column("reasons", pg.JSONB, nullable=False, server_default="{}"),
    sa.Column("error", sa.Text),
    # What the quality gate judges the run by, beside counts and reasons.
    sa.Column("measures", pg.JSONB, nullable=False, server_default="{}"),
    sa.Column("updated_at", _moment, nullable=False, server_default=_now),
)

# Ranked batches of runs that nobody has judged yet, or that are blocked, as they came.
held = sa.Table(
    "held",
    metadata,
    sa.Column("run_id", sa.Text, primary_key=True),
    sa.Column("unit_id", sa.Text, primary_key=True),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("jobs", sa.Integer, nullable=False),
    sa.Column("headers", pg.JSONB, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("attempts", sa.SmallInteger, nullable=False, server_default="0"),
    # Of a blocked run: whoever sees its postings again knows that nobody was shown them.
    sa.Column("told", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("held_at", _moment, nullable=False, server_default=_now),
)

# How each rule came out for a run, or for one of its sources (an empty source is the run).
quality_result = sa.Table(
    "quality_result",
    metadata,
    sa.Column("run_id", sa.Text, sa.ForeignKey("gateway.run.run_id", ondelete="CASCADE"), primary_key=True),
    sa.Column("reason", sa.Text, primary_key=True),
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("severity", sa.Text, nullable=False),
    sa.Column("verdict", sa.Text, nullable=False),
    sa.Column("detail", sa.Text, nullable=False),
    sa.Column("measure", sa.Text, nullable=False),
    sa.Column("value", sa.Float),
    sa.Column("usual", sa.Float),
    sa.Column("threshold", sa.Float),
    sa.Column("sample", sa.BigInteger),
    sa.Column("evidence", pg.JSONB, nullable=False, server_default="{}"),
    sa.CheckConstraint("verdict IN ('passed', 'failed', 'skipped')", name="quality_result_verdict"),
)

quality_audit = sa.Table(
    "quality_audit",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("run_id", sa.Text, sa.ForeignKey("gateway.run.run_id", ondelete="CASCADE"), nullable=False),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("at", _moment, nullable=False, server_default=_now),
    sa.Index("quality_audit_run", "run_id", "id"),
)

job = sa.Table(
    "job",
    metadata,
    sa.Column("hash_key", sa.Uuid, primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("company", sa.Text, nullable=False),
    sa.Column("remote_type", sa.Text),
    sa.Column("seniority", sa.Text),
    sa.Column("salary_minimum", sa.Integer),
    sa.Column("salary_maximum", sa.Integer),
    sa.Column("place_key", sa.Text, nullable=False),
    sa.Column("card", pg.JSONB, nullable=False),
    sa.Column("company_key", sa.Uuid),
    sa.Column("closed", sa.Boolean, nullable=False),
    sa.Column("posted_at", _moment),
    sa.Column("first_seen_at", _moment),
    sa.Column("updated_at", _moment, nullable=False, server_default=_now),
    # Two rows a page, as they are: compressing the longer cards was a quarter of the work.
    postgresql_with={"toast_tuple_target": 4080},
)

# Which postings are one job. A posting without a row is the only one of its job.
job_cluster = sa.Table(
    "job_cluster",
    metadata,
    sa.Column("hash_key", sa.Uuid, primary_key=True),
    sa.Column("cluster_id", sa.Uuid, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    # In order of hash_key: of equally ranked postings the first one is found first.
    sa.Index("job_cluster_members", "cluster_id", "hash_key"),
)

# What a provider tells of an employer; read beside the card, so that it reaches old and new jobs alike.
company = sa.Table(
    "company",
    metadata,
    sa.Column("company_key", sa.Uuid, primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("card", pg.JSONB, nullable=False),
)

ranking = sa.Table(
    "ranking",
    metadata,
    sa.Column("campaign_id", sa.Uuid, primary_key=True),
    sa.Column("hash_key", sa.Uuid, primary_key=True),
    sa.Column("score", sa.SmallInteger, nullable=False),
    sa.Column("points", pg.ARRAY(sa.SmallInteger), nullable=False),
    sa.Column("factor_set", sa.Integer, nullable=False),
    sa.Column("campaign_version", sa.Integer, nullable=False),
    sa.Column("job_version", sa.Integer, nullable=False),
    # Of what was known of the company: a posting is scored anew when that changes.
    sa.Column("company_version", sa.Integer, nullable=False, server_default="0"),
    sa.Column("as_of", sa.Date, nullable=False),
    sa.CheckConstraint("score BETWEEN 0 AND 10000", name="score_range"),
    sa.Index("ranking_best", "campaign_id", sa.text("score DESC"), "hash_key"),
)

# The same few lists of factors stand behind millions of rankings: each list is stored once.
factor_set = sa.Table(
    "factor_set",
    metadata,
    sa.Column("factor_set", sa.Integer, sa.Identity(always=True), primary_key=True),
    sa.Column("factors", pg.ARRAY(sa.Text), nullable=False),
    sa.Column("rules_version", sa.Text, nullable=False),
    sa.UniqueConstraint("factors", "rules_version"),
)

# Who did what with which rules, when and why. Activations are numbered; the greatest number is in use.
rule_change = sa.Table(
    "rule_change",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("version", sa.Text, nullable=False),
    sa.Column("activation", sa.Integer, unique=True),
    # The activation that a rollback returns to, 0: the shipped rules; null: there is nothing before.
    sa.Column("previous", sa.Integer),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("run_id", sa.Text),
    sa.Column("at", _moment, nullable=False),
    # Since when campaigns are ranked by it, or were found to be.
    sa.Column("reranked_at", _moment),
    sa.CheckConstraint("action IN ('added', 'tried', 'activated', 'rolled_back')", name="rule_change_action"),
)
