"""Tables of the extractor: the index of archived pages and what is known of each feed."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

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
    sa.Index("page_run", "run_id", "fetched_at", "id"),
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
    sa.Column("last_error", sa.Text),
    sa.Column("last_error_at", sa.DateTime(timezone=True)),
)

add_messaging_tables(metadata)
