"""Tables of the enricher: what a content says under a rules version, and which of these is a posting's own."""

import sqlalchemy as sa

from common.messaging.differences import add_difference_table
from common.messaging.rule_set_store import add_rule_set_table
from common.messaging.tables import add_messaging_tables

metadata = sa.MetaData(schema="enricher")

# Never changed once written: the same content under the same rules says the same.
enrichment = sa.Table(
    "enrichment",
    metadata,
    sa.Column("content_hash", sa.Uuid, primary_key=True),
    sa.Column("rules_version", sa.Text, primary_key=True),
    # JSON, compressed by zstd: as json it took more than twice the room, and four times the work of the database.
    sa.Column("result", sa.LargeBinary, nullable=False),
    sa.Column("dwh_load_timestamp", sa.DateTime(timezone=True), nullable=False),
)

posting_enrichment = sa.Table(
    "posting_enrichment",
    metadata,
    sa.Column("hash_key", sa.Uuid, primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("content_hash", sa.Uuid, nullable=False),
    sa.Column("rules_version", sa.Text, nullable=False),
    sa.Column("dwh_load_timestamp", sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("version > 0", name="posting_enrichment_version_positive"),
)

add_messaging_tables(metadata)
add_difference_table(metadata)
add_rule_set_table(metadata)
