"""Tables that each service keeps beside its own: inbox, outbox, work in flight, quarantine and its audit."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg


def add_messaging_tables(metadata: sa.MetaData) -> None:
    """Declare them in the schema of `metadata`."""
    sa.Table(
        "inbox",
        metadata,
        sa.Column("run_id", sa.Text, primary_key=True),
        sa.Column("unit_id", sa.Text, primary_key=True),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("handled_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    )
    sa.Table(
        "outbox",
        metadata,
        sa.Column("event_id", sa.Uuid, primary_key=True),
        sa.Column("seq", sa.BigInteger, sa.Identity(always=True), nullable=False),
        sa.Column("headers", pg.JSONB, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.SmallInteger, nullable=False, server_default="0"),
        sa.Column("sent_at", sa.DateTime(timezone=True)),
        sa.Index("outbox_unsent", "next_at", "seq", postgresql_where=sa.text("sent_at IS NULL")),
    )
    # Noted before a unit is worked on and gone with its end: what stays was in hand when its process died.
    sa.Table(
        "inflight",
        metadata,
        sa.Column("run_id", sa.Text, primary_key=True),
        sa.Column("unit_id", sa.Text, primary_key=True),
        sa.Column("process", sa.Uuid, nullable=False),
        sa.Column("crashes", sa.SmallInteger, nullable=False, server_default="0"),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    )
    _add_quarantine(metadata)


def _add_quarantine(metadata: sa.MetaData) -> None:
    sa.Table(
        "quarantine",
        metadata,
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("run_id", sa.Text, nullable=False),
        sa.Column("unit_id", sa.Text, nullable=False),
        sa.Column("event_type", sa.Text, nullable=False),
        sa.Column("stage", sa.Text, nullable=False, server_default=""),
        sa.Column("attempts", sa.SmallInteger, nullable=False, server_default="0"),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("error", sa.Text, nullable=False),
        sa.Column("reference", sa.Text, nullable=False, server_default=""),
        # json, not jsonb: what is set aside may hold \u0000, which jsonb refuses.
        sa.Column("item", pg.JSON),
        sa.Column("headers", pg.JSONB, nullable=False),
        # Of a whole message its body; of one posting the event it came in, without its postings.
        sa.Column("body", sa.LargeBinary),
        sa.Column("state", sa.Text, nullable=False, server_default="open"),
        sa.Column("replay_run_id", sa.Text),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.CheckConstraint("state IN ('open', 'replayed', 'discarded')", name="quarantine_state"),
        sa.Index("quarantine_run", "run_id", "reason"),
        sa.Index("quarantine_time", "created_at", "id"),
    )
    sa.Table(
        "quarantine_audit",
        metadata,
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("quarantine_id", sa.Uuid, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False, server_default=""),
        sa.Column("run_id", sa.Text),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.Index("quarantine_audit_entry", "quarantine_id"),
    )
