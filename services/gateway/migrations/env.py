"""Alembic's way in: the tables of the gateway and their schema."""

from common.database.migrations import run_env
from gateway.tables import metadata

run_env(metadata, "gateway")
