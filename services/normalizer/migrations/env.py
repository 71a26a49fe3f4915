"""Alembic's way in: the tables of the normalizer and their schema."""

from common.database.migrations import run_env
from normalizer.tables import metadata

run_env(metadata, "normalizer")
