"""Tables of the notifier: endpoints, deliveries and their attempts."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from common.messaging.tables import add_messaging_tables

metadata = sa.MetaData(schema="notifier")

endpoint = sa.Table(
    "endpoint",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("description", sa.Text, nullable=False, server_default=""),
    sa.Column("secret", sa.Text, nullable=False),
    # Empty: all.
    sa.Column("events", pg.JSONB, nullable=False),
    sa.Column("campaign_ids", pg.JSONB, nullable=False),
    sa.Column("is_active", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.Column("disabled_reason", sa.Text),
    sa.Column("failing_since", sa.DateTime(timezone=True)),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
)

delivery = sa.Table(
    "delivery",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("event_id", sa.Text, nullable=False),
    sa.Column("endpoint_id", sa.Uuid, sa.ForeignKey("notifier.endpoint.id", ondelete="CASCADE"), nullable=False),
    sa.Column("event_type", sa.Text, nullable=False),
    sa.Column("run_id", sa.Text, nullable=False, server_default=""),
    sa.Column("body", sa.LargeBinary, nullable=False),
    # pending → sending (until leased_until) → delivered or failed
    sa.Column("state", sa.Text, nullable=False, server_default="pending"),
    # Attempts by the present schedule; asking for a retry starts it anew.
    sa.Column("attempts", sa.SmallInteger, nullable=False, server_default="0"),
    sa.Column("next_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    sa.Column("leased_until", sa.DateTime(timezone=True)),
    # Changes with every claim: only the holder may record a result.
    sa.Column("claim", sa.Integer, nullable=False, server_default="0"),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    sa.Column("ended_at", sa.DateTime(timezone=True)),
    sa.UniqueConstraint("event_id", "endpoint_id", name="delivery_once"),
    sa.CheckConstraint("state IN ('pending', 'sending', 'delivered', 'failed')", name="delivery_state"),
    sa.Index("delivery_due", "endpoint_id", "next_at", postgresql_where=sa.text("state IN ('pending', 'sending')")),
    sa.Index("delivery_newest", sa.text("created_at DESC"), "id"),
    sa.Index("delivery_run", "run_id"),
)

attempt = sa.Table(
    "attempt",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("delivery_id", sa.Uuid, sa.ForeignKey("notifier.delivery.id", ondelete="CASCADE"), nullable=False),
    sa.Column("number", sa.SmallInteger, nullable=False),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    sa.Column("status", sa.SmallInteger),
    sa.Column("latency_ms", sa.Integer, nullable=False),
    sa.Column("error", sa.Text),
    sa.Column("excerpt", sa.Text, nullable=False, server_default=""),
    sa.Index("attempt_delivery", "delivery_id", "id"),
)

add_messaging_tables(metadata)
