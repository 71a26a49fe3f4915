"""Alembic's way in: the tables of the enricher and their schema."""

from common.database.migrations import run_env
from enricher.tables import metadata

run_env(metadata, "enricher")
