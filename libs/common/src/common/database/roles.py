"""A role and a schema for each service, the broker's schema that all of them may use, and the marts to read."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import asyncpg
import sqlalchemy as sa

from common.database.engine import CONNECT_SECONDS, asyncpg_url

SERVICES = ("extractor", "normalizer", "enricher", "ranker", "notifier", "gateway")
#: Schema of the broker kept in PostgreSQL; the administrator owns it.
BROKER = "broker"
#: Schema of the gateway's views for people who ask with SQL, and the role that may read it and nothing else.
MARTS, ANALYST = "marts", "analyst"
_MARTS_OWNER = "gateway"
_LOCK = "posthorn:prepare"
_COMMAND_SECONDS = 60
_ATTEMPTS = 10
# Roles belong to the server, locks to a database: who prepares another database at the same time may be in the way.
_ROLE_RACES = (asyncpg.UniqueViolationError, asyncpg.DuplicateObjectError, asyncpg.InternalServerError)


async def prepare_database(admin_url: str, passwords: Mapping[str, str]) -> None:
    """Create or correct the role and schema of each service named in `passwords`, the broker's schema and the marts.

    Deploy step, safe to repeat and to run twice at once. A service's role owns its schema and can read no other, but
    for the broker's. `admin_url` needs a superuser, or a role that may create roles and owns the database.
    ValueError: not a service.
    """
    if unknown := set(passwords) - set(SERVICES):
        raise ValueError(f"not services: {sorted(unknown)}")
    async with _locked(admin_url) as connection:
        for attempts_left in range(_ATTEMPTS, 0, -1):
            try:
                await _prepare(connection, passwords)
                break
            except _ROLE_RACES:
                if attempts_left == 1:
                    raise


async def _prepare(connection: asyncpg.Connection, passwords: Mapping[str, str]) -> None:
    async with connection.transaction():
        for service, password in passwords.items():
            await _prepare_role(connection, service, password)
            await _run(connection, "CREATE SCHEMA IF NOT EXISTS %1$I AUTHORIZATION %1$I", service)
            await _run(connection, "REVOKE ALL ON SCHEMA %I FROM PUBLIC", service)
        await _close_to_others(connection, passwords)
        await _share_broker(connection, passwords)
        if _MARTS_OWNER in passwords:
            await _open_marts(connection)


def service_url(admin_url: str, service: str, password: str) -> str:
    """The database of `admin_url` as this service's role."""
    url = sa.make_url(admin_url).set(drivername="postgresql", username=service, password=password)
    return url.render_as_string(hide_password=False)


@asynccontextmanager
async def _locked(admin_url: str) -> AsyncIterator[asyncpg.Connection]:
    dsn = asyncpg_url(admin_url).set(drivername="postgresql").render_as_string(hide_password=False)
    connection = await asyncpg.connect(dsn, timeout=CONNECT_SECONDS, command_timeout=_COMMAND_SECONDS)
    try:
        await connection.execute("SELECT pg_advisory_lock(hashtextextended($1, 0))", _LOCK)
        yield connection
    finally:
        await connection.close(timeout=CONNECT_SECONDS)


async def _prepare_role(connection: asyncpg.Connection, service: str, password: str) -> None:
    if not await connection.fetchval("SELECT true FROM pg_roles WHERE rolname = $1", service):
        await _run(connection, "CREATE ROLE %I", service)
    await _run(connection, "ALTER ROLE %I LOGIN PASSWORD %L", service, password)
    # A role attribute, not a column's: builds without lz4 refuse a table that names it.
    if await connection.fetchval(
        "SELECT 'lz4' = ANY(enumvals) FROM pg_settings WHERE name = 'default_toast_compression'"
    ):
        await _run(connection, "ALTER ROLE %I SET default_toast_compression = 'lz4'", service)
    if not await connection.fetchval("SELECT rolsuper FROM pg_roles WHERE rolname = current_user"):
        await _run(connection, "GRANT %I TO CURRENT_USER", service)  # or it may not give schemas away


async def _close_to_others(connection: asyncpg.Connection, services: Mapping[str, str]) -> None:
    database = await _database(connection)
    await _run(connection, "REVOKE ALL ON DATABASE %I FROM PUBLIC", database)
    await connection.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    for service in services:
        await _run(connection, "GRANT CONNECT ON DATABASE %I TO %I", database, service)


async def _share_broker(connection: asyncpg.Connection, services: Mapping[str, str]) -> None:
    """Tables that the administrator's migrations add later are shared by default privileges."""
    await _run(connection, "CREATE SCHEMA IF NOT EXISTS %I", BROKER)
    for service in services:
        await _run(connection, "GRANT USAGE ON SCHEMA %I TO %I", BROKER, service)
        for privileges, kind in (("SELECT, INSERT, UPDATE, DELETE", "TABLES"), ("USAGE", "SEQUENCES")):
            await _run(connection, f"GRANT {privileges} ON ALL {kind} IN SCHEMA %I TO %I", BROKER, service)
            shared = f"ALTER DEFAULT PRIVILEGES IN SCHEMA %I GRANT {privileges} ON {kind} TO %I"
            await _run(connection, shared, BROKER, service)


async def _open_marts(connection: asyncpg.Connection) -> None:
    """The analyst cannot log in: whoever may read is made a member of it, with a password of their own."""
    if not await connection.fetchval("SELECT true FROM pg_roles WHERE rolname = $1", ANALYST):
        await _run(connection, "CREATE ROLE %I NOLOGIN", ANALYST)
    await _run(connection, "CREATE SCHEMA IF NOT EXISTS %I AUTHORIZATION %I", MARTS, _MARTS_OWNER)
    await _run(connection, "GRANT CONNECT ON DATABASE %I TO %I", await _database(connection), ANALYST)
    await _run(connection, "GRANT USAGE ON SCHEMA %I TO %I", MARTS, ANALYST)
    shared = "ALTER DEFAULT PRIVILEGES FOR ROLE %I IN SCHEMA %I GRANT SELECT ON TABLES TO %I"
    await _run(connection, shared, _MARTS_OWNER, MARTS, ANALYST)


async def _database(connection: asyncpg.Connection) -> str:
    return str(await connection.fetchval("SELECT current_database()"))


async def _run(connection: asyncpg.Connection, template: str, *values: str) -> None:
    """A statement that takes no parameters: the server itself quotes the values into it."""
    marks = ", ".join(f"${n}::text" for n in range(2, len(values) + 2))
    await connection.execute(await connection.fetchval(f"SELECT format($1, {marks})", template, *values))
