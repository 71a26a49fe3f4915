"""Alembic's way in: the tables of the notifier and their schema."""

from common.database.migrations import run_env
from notifier.tables import metadata

run_env(metadata, "notifier")
