"""Tables of the normalizer: posting (identity), sighting (who showed it when), content (what each showed), and more."""

# What a posting says lies in `content`, one row for each source that shows it; `posting` names the row that counts. So
# a better source, or the loss of the best one, only moves that name, and nothing that any source said is lost.
# `sighting` is the narrow row that every run touches; `content` is only written when something changed. Of a
# description only the HTML is kept: its text follows from it.

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from common.messaging.differences import add_difference_table
from common.messaging.rule_set_store import add_rule_set_table
from common.messaging.tables import add_messaging_tables

metadata = sa.MetaData(schema="normalizer")


def _moment(name: str, *, nullable: bool = False) -> "sa.Column[datetime]":
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


posting = sa.Table(
    "posting",
    metadata,
    sa.Column("hash_key", sa.Uuid, primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("source_job_id", sa.Text, nullable=False),
    sa.Column("content_hash", sa.Uuid, nullable=False),
    _moment("first_seen_at"),
    _moment("closed_at", nullable=True),
    sa.Column("state", sa.Text, nullable=False, server_default="open"),
    _moment("state_since", nullable=True),
    sa.Column("state_reason", sa.Text),
    # What people should know of it, with the evidence: reposted, evergreen.
    sa.Column("flags", pg.JSONB, nullable=False, server_default="[]"),
    # Its last version lies in a run that was blocked: whoever sees it again sends it again.
    sa.Column("withheld", sa.Boolean, nullable=False, server_default=sa.false()),
    # When time alone may change its state or its flags.
    _moment("look_at", nullable=True),
    _moment("dwh_load_timestamp"),
    sa.CheckConstraint("version > 0", name="posting_version_positive"),
    sa.CheckConstraint("state IN ('open', 'closed', 'expired', 'stale')", name="posting_state"),
    sa.Index("posting_look", "look_at"),
)

# What happened to postings besides being seen.
posting_event = sa.Table(
    "posting_event",
    metadata,
    sa.Column("hash_key", sa.Uuid, primary_key=True),
    sa.Column("at", sa.DateTime(timezone=True), primary_key=True),
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("rules_version", sa.Text, nullable=False),
    _moment("noted_at"),
    sa.CheckConstraint(
        "kind IN ('closed', 'expired', 'stale', 'reopened', 'reposted', 'evergreen')", name="posting_event_kind"
    ),
)

# Reads of whole feeds: `arrived` of their `postings` have been merged, in the run that read them. `judged_at`: what it
# did not show has been looked at; `counted`: it was one read more, not the same again.
sweep = sa.Table(
    "sweep",
    metadata,
    sa.Column("sweep_id", sa.Uuid, primary_key=True),
    sa.Column("run_id", sa.Text, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("feed", sa.Text, nullable=False),
    sa.Column("arrived", sa.Integer, nullable=False),
    sa.Column("postings", sa.Integer),
    sa.Column("pages", sa.Integer),
    sa.Column("left_out", sa.Text),
    _moment("started_at", nullable=True),
    _moment("finished_at", nullable=True),
    _moment("noted_at"),
    _moment("judged_at", nullable=True),
    sa.Column("counted", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("missing", sa.Integer),
    sa.Column("closed", sa.Integer),
    sa.Column("held", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Index("sweep_of_feed", "source", "feed", "started_at"),
    sa.Index(
        "sweep_to_judge", "finished_at", postgresql_where=sa.text("judged_at IS NULL AND finished_at IS NOT NULL")
    ),
)

sighting = sa.Table(
    "sighting",
    metadata,
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("source_job_id", sa.Text, primary_key=True),
    sa.Column("hash_key", sa.Uuid, nullable=False),
    sa.Column("content_hash", sa.Uuid, nullable=False),
    sa.Column("feed", sa.Text, nullable=False),
    sa.Column("archive_key", sa.Text, nullable=False),
    sa.Column("page", sa.Integer, nullable=False),
    sa.Column("campaign_id", sa.Text, nullable=False),
    sa.Column("last_run_id", sa.Text, nullable=False),
    _moment("first_seen_at"),
    _moment("last_seen_at"),
    # As it was last seen: boards push it on daily, which is no change of what the posting says.
    _moment("valid_through", nullable=True),
    # When the first read of its whole feed began that did not show it.
    _moment("gone_at", nullable=True),
    # Its posting is not open, or withheld: to see it again tells something.
    sa.Column("asleep", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.CheckConstraint("first_seen_at <= last_seen_at", name="sighting_times_ordered"),
    # Rows come in the order of time: ranges of pages are enough to count what was new, and cost next to nothing.
    sa.Index("sighting_first_seen", "first_seen_at", postgresql_using="brin"),
    sa.Index("sighting_of_feed", "source", "feed", postgresql_where=sa.text("gone_at IS NULL")),
    # Every run rewrites the row: room on its page keeps the update off the index.
    postgresql_with={"fillfactor": 70},
)

content = sa.Table(
    "content",
    metadata,
    sa.Column("hash_key", sa.Uuid, primary_key=True),
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("source_job_id", sa.Text, primary_key=True),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("company", sa.Text, nullable=False),
    sa.Column("company_url", sa.Text),
    sa.Column("url", sa.Text),
    sa.Column("apply_url", sa.Text),
    sa.Column("description_html", sa.Text, nullable=False),
    sa.Column("description_is_excerpt", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("places", pg.JSONB, nullable=False),
    sa.Column("employment_types", pg.ARRAY(sa.Text), nullable=False),
    sa.Column("remote", sa.Text),
    sa.Column("seniority", sa.Text),
    sa.Column("department", sa.Text),
    sa.Column("company_size", sa.Text),
    sa.Column("tags", pg.ARRAY(sa.Text), nullable=False),
    sa.Column("pay_text", sa.Text),
    sa.Column("pay_minimum", sa.Numeric),
    sa.Column("pay_maximum", sa.Numeric),
    sa.Column("pay_currency", sa.Text),
    sa.Column("pay_period", sa.Text),
    sa.Column("language", sa.Text),
    _moment("posted_at", nullable=True),
    _moment("valid_through", nullable=True),
    sa.Column("warnings", pg.ARRAY(sa.Text), nullable=False),
    sa.Column("rules_version", sa.Text, nullable=False),
    _moment("dwh_load_timestamp"),
    sa.CheckConstraint("pay_minimum >= 0 AND pay_maximum >= 0", name="content_pay_positive"),
    sa.CheckConstraint("pay_minimum <= pay_maximum", name="content_pay_ordered"),
    sa.CheckConstraint("pay_period IN ('hour', 'day', 'week', 'month', 'year')", name="content_pay_period_known"),
    # Two rows a page, as they are: to compress what is shorter and move it aside was a third of what a posting cost.
    postgresql_with={"toast_tuple_target": 4080},
)

posting_place = sa.Table(
    "posting_place",
    metadata,
    sa.Column("hash_key", sa.Uuid, sa.ForeignKey(posting.c.hash_key, ondelete="CASCADE"), primary_key=True),
    sa.Column("place_idx", sa.SmallInteger, primary_key=True),
    sa.Column("text", sa.Text),
    sa.Column("city", sa.Text),
    sa.Column("region", sa.Text),
    sa.Column("country", sa.Text),
    sa.Index("posting_place_where", "country", "city"),
)

# An employer from its first posting on; `version` is 0 until a provider has told about it.
company = sa.Table(
    "company",
    metadata,
    sa.Column("company_key", sa.Uuid, primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("name_key", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("domain", sa.Text),
    sa.Column("company_id", sa.Text),
    sa.Column("website", sa.Text),
    sa.Column("industry", sa.Text),
    sa.Column("size_text", sa.Text),
    sa.Column("size", sa.Text),
    sa.Column("rating", sa.Float),
    sa.Column("reviews", sa.Integer),
    sa.Column("location", sa.Text),
    sa.Column("revenue", sa.Text),
    sa.Column("match_score", sa.Float),
    sa.Column("archive_key", sa.Text),
    sa.Column("source_system", sa.Text),
    _moment("collected_at", nullable=True),
    _moment("first_seen_at"),
    sa.Column("dwh_load_date", sa.Date, nullable=False),
    _moment("dwh_load_timestamp"),
    sa.CheckConstraint("version >= 0", name="company_version_not_negative"),
    sa.CheckConstraint("rating BETWEEN 0 AND 5", name="company_rating_range"),
    sa.Index("company_name", "name_key"),
)

# Which cluster each posting is in, and why: the posting that it matched best, and the nearest that it was kept from.
# `version` counts how often it changed its cluster: at 0 it is where it began, alone or joined by others. `block`,
# `text_block` (NULL in rows of before it was) with `brand`, and `fingerprint` are the keys by which candidates are
# found; the texts themselves lie in `content`.
duplicate = sa.Table(
    "duplicate",
    metadata,
    sa.Column("hash_key", sa.Uuid, primary_key=True),
    sa.Column("cluster_id", sa.Uuid, nullable=False),
    sa.Column("version", sa.Integer, nullable=False, server_default="0"),
    sa.Column("block", sa.Uuid, nullable=False),
    sa.Column("text_block", sa.Uuid),
    sa.Column("brand", sa.Text, nullable=False, server_default=""),
    sa.Column("fingerprint", sa.Uuid, nullable=False),
    sa.Column("matched", sa.Uuid),
    sa.Column("reason", sa.Text),
    sa.Column("similarity", sa.Float),
    sa.Column("duplicate_class", sa.Text),
    sa.Column("kept_from", sa.Uuid),
    sa.Column("kept_reason", sa.Text),
    sa.Column("kept_similarity", sa.Float),
    sa.Column("rules_version", sa.Text, nullable=False),
    sa.Column("run_id", sa.Text, nullable=False),
    _moment("dwh_load_timestamp"),
    sa.CheckConstraint("similarity BETWEEN 0 AND 1", name="duplicate_similarity_share"),
    sa.CheckConstraint("(matched IS NULL) = (reason IS NULL)", name="duplicate_reason_told"),
    sa.Index("duplicate_block", "block", "fingerprint"),
    sa.Index("duplicate_text_block", "text_block", "fingerprint"),
    sa.Index("duplicate_cluster", "cluster_id"),
)

# What each run merged and what it kept apart: `duplicate` only tells what was found last.
dedupe_report = sa.Table(
    "dedupe_report",
    metadata,
    sa.Column("run_id", sa.Text, primary_key=True),
    sa.Column("hash_key", sa.Uuid, primary_key=True),
    sa.Column("matched", sa.Uuid),
    sa.Column("reason", sa.Text),
    sa.Column("similarity", sa.Float),
    sa.Column("duplicate_class", sa.Text),
    sa.Column("kept_from", sa.Uuid),
    sa.Column("kept_reason", sa.Text),
    sa.Column("kept_similarity", sa.Float),
    sa.Column("rules_version", sa.Text, nullable=False),
    sa.CheckConstraint("(matched IS NULL) = (reason IS NULL)", name="dedupe_report_reason_told"),
    sa.CheckConstraint("(kept_from IS NULL) = (kept_reason IS NULL)", name="dedupe_report_kept_told"),
    sa.CheckConstraint("matched IS NOT NULL OR kept_from IS NOT NULL", name="dedupe_report_tells"),
)

# What people have decided about two postings, in the order of their keys: it outlives every run.
duplicate_decision = sa.Table(
    "duplicate_decision",
    metadata,
    sa.Column("one", sa.Uuid, primary_key=True),
    sa.Column("other", sa.Uuid, primary_key=True),
    sa.Column("verdict", sa.Text, nullable=False),
    sa.Column("decided_by", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    _moment("decided_at"),
    sa.CheckConstraint("one < other", name="duplicate_decision_ordered"),
    sa.CheckConstraint("verdict IN ('merge', 'split')", name="duplicate_decision_verdict"),
    sa.Index("duplicate_decision_other", "other"),
)

add_messaging_tables(metadata)
add_difference_table(metadata)
add_rule_set_table(metadata)
