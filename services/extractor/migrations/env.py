"""Alembic's way in: the tables of the extractor and their schema."""

from common.database.migrations import run_env
from extractor.tables import metadata

run_env(metadata, "extractor")
