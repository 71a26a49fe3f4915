"""Which migration a schema is at and which one this code needs, told without loading Alembic."""

import importlib.util
import os
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from common.database.roles import BROKER

#: Names the folder that holds `<service>/versions`, where packages are installed without their sources.
FOLDER_VARIABLE = "POSTHORN_MIGRATIONS"


class SchemaBehindError(Exception):
    """The database lacks migrations that this code needs."""


def migrations_folder(service: str) -> Path:
    """Where the migrations of a service (or of `broker`) lie; FileNotFoundError if they are not there."""
    if service == BROKER:
        return _package("common") / "messaging" / "migrations"
    named = os.environ.get(FOLDER_VARIABLE)
    folder = Path(named) / service if named else _package(service).parents[1] / "migrations"
    if not folder.is_dir():
        raise FileNotFoundError(f"no migrations at {folder}: set {FOLDER_VARIABLE} to the folder that holds {service}/")
    return folder


def _package(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise FileNotFoundError(f"package {name} is not installed")
    return Path(spec.origin).parent


def revisions(service: str) -> list[str]:
    """The revisions this code knows, oldest first: migrations are numbered files, `0001_initial.py`."""
    return sorted(file.name[:4] for file in (migrations_folder(service) / "versions").glob("[0-9]*_*.py"))


async def revision_at(engine: AsyncEngine, service: str) -> str | None:
    """The revision that the schema is at; None before the first."""
    table = sa.table("alembic_version", sa.column("version_num"), schema=service)
    async with engine.connect() as connection:
        exists = await connection.scalar(sa.select(sa.func.to_regclass(f"{service}.alembic_version")))
        found: str | None = await connection.scalar(sa.select(table.c.version_num)) if exists else None
        return found


async def assert_current(engine: AsyncEngine, service: str) -> None:
    """SchemaBehindError where the database lacks a revision of this code; a newer database is fine (N-1 rule)."""
    known, current = revisions(service), await revision_at(engine, service)
    if known and current != known[-1] and (current is None or current in known):
        raise SchemaBehindError(
            f"the schema of {service} is at revision {current or 'none'}, this code needs {known[-1]}: "
            "run `posthorn migrate` with the administrator's DATABASE_URL first"
        )
