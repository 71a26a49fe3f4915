"""Alembic's way in: the tables of the broker kept in PostgreSQL and their schema."""

from common.database.migrations import run_env
from common.messaging.broker_tables import metadata

run_env(metadata, "broker")
