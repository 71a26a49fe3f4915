"""Alembic's way in: the tables of the notifier and their schema."""

from notifier.tables import metadata

from common.database.migrations import run_env

run_env(metadata, "notifier")
