"""Alembic's way in: the tables of the ranker and their schema."""

from common.database.migrations import run_env
from ranker.tables import metadata

run_env(metadata, "ranker")
