"""The table in which messages wait when they are kept in PostgreSQL."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

#: All service roles use this schema; each needs USAGE on it and SELECT, INSERT, UPDATE, DELETE on its table.
SCHEMA = "broker"
metadata = sa.MetaData(schema=SCHEMA)

#: One row per message and bound queue. `available_at` is when it may be handed out: a retry sets it to the end of the
#: delay, a lease to the time when it falls back, so that one index serves all. A dead letter is a row of the queue
#: `<queue>.dead`.
message = sa.Table(
    "message",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("queue", sa.Text, nullable=False),
    sa.Column("headers", pg.JSONB, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("available_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    sa.Column("lease", sa.Uuid),
    sa.Column("deliveries", sa.Integer, nullable=False, server_default="0"),
    sa.Column("published_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    sa.Column("dead_reason", sa.Text),
    sa.Column("dead_at", sa.DateTime(timezone=True)),
    sa.Index("message_available", "queue", "available_at", "id"),
    # Every row is written two or three times in its short life: vacuum by a fixed number of dead rows.
    postgresql_with={"autovacuum_vacuum_scale_factor": 0, "autovacuum_vacuum_threshold": 2000},
)

#: A body is zstd already: stored out of line as it is, and left alone when a lease rewrites its row.
STORE_BODY_AS_IT_IS = "ALTER TABLE broker.message ALTER COLUMN body SET STORAGE EXTERNAL"
sa.event.listen(message, "after_create", sa.DDL(STORE_BODY_AS_IT_IS))  # type: ignore[no-untyped-call]  # SQLAlchemy has not typed it
