"""Tables of the ranker: campaigns and what it knows of jobs and companies; scores live in the gateway's read model."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from common.messaging.rule_set_store import add_rule_set_table
from common.messaging.tables import add_messaging_tables

metadata = sa.MetaData(schema="ranker")
# Documents are json, not jsonb: they are read whole, and \u0000 in a title is no reason to refuse a batch.

campaign = sa.Table(
    "campaign",
    metadata,
    sa.Column("campaign_id", sa.Text, primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("as_of", sa.Date, nullable=False),
    # False also for a deleted campaign.
    sa.Column("is_active", sa.Boolean, nullable=False),
    sa.Column("definition", pg.JSON, nullable=False),
)

job_features = sa.Table(
    "job_features",
    metadata,
    sa.Column("hash_key", sa.Uuid, primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("closed", sa.Boolean, nullable=False),
    sa.Column("features", pg.JSON, nullable=False),
    sa.Column("company_key", sa.Uuid),
    sa.Index("job_features_company", "company_key", "hash_key"),
)

company = sa.Table(
    "company",
    metadata,
    sa.Column("company_key", sa.Uuid, primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("size", sa.Text),
    sa.Column("rating", sa.Float),
)

add_messaging_tables(metadata)
add_rule_set_table(metadata)
