"""Alembic's way in: the tables of the enricher and their schema."""

from enricher.tables import metadata

from common.database.migrations import run_env

run_env(metadata, "enricher")
