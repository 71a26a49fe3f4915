"""Each service is alone in its schema; all of them share the broker's."""

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import asyncpg
import pytest

from common.database.roles import BROKER, SERVICES, prepare_database
from common.testing.postgres import PASSWORDS, Database, PostgresServer

Connect = Callable[[str], Awaitable[asyncpg.Connection]]


@pytest.fixture
async def connect(database: Database) -> AsyncIterator[Connect]:
    """Connections by role, `admin` included, closed after the test."""
    async with AsyncExitStack() as stack:

        async def connect(role: str) -> asyncpg.Connection:
            connection = await asyncpg.connect(database.admin_url if role == "admin" else database.url(role), timeout=5)
            stack.push_async_callback(connection.close)
            return connection

        yield connect


@pytest.mark.parametrize("service", SERVICES)
async def test_a_role_reads_and_writes_its_own_schema_only(connect: Connect, service: str) -> None:
    own = await connect(service)
    await own.execute(f"CREATE TABLE {service}.secret AS SELECT 1 AS n")
    for other in set(SERVICES) - {service}:
        stranger = await connect(other)
        for sql in (f"TABLE {service}.secret", f"CREATE TABLE {service}.intruder ()"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await stranger.execute(sql)


async def test_every_role_uses_tables_of_the_broker_made_later(connect: Connect) -> None:
    await (await connect("admin")).execute(f"CREATE TABLE {BROKER}.later (id serial, text text)")
    for service in SERVICES:
        role = await connect(service)
        await role.execute(f"SET search_path = {BROKER}")
        await role.execute("INSERT INTO later (text) VALUES ('x')")
        await role.execute("UPDATE later SET text = 'y'")
        assert await role.fetchval("SELECT count(*) FROM later") == 1
        await role.execute("DELETE FROM later")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await role.execute("DROP TABLE later")


async def test_roles_can_neither_fill_the_public_schema_nor_rule(connect: Connect) -> None:
    role = await connect("gateway")
    for sql in ("CREATE TABLE public.note ()", "CREATE SCHEMA extra", "CREATE ROLE extra", "SET ROLE ranker"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await role.execute(sql)


async def test_long_texts_are_compressed_by_lz4_where_the_server_has_it(connect: Connect) -> None:
    role = await connect("normalizer")
    known = await role.fetchval("SELECT enumvals FROM pg_settings WHERE name = 'default_toast_compression'")
    assert await role.fetchval("SHOW default_toast_compression") == ("lz4" if "lz4" in known else "pglz")


async def test_preparing_again_changes_nothing_and_keeps_the_data(database: Database, connect: Connect) -> None:
    await (await connect("ranker")).execute("CREATE TABLE ranker.kept AS SELECT 1 AS n")
    await prepare_database(database.admin_url, PASSWORDS)
    assert await (await connect("ranker")).fetchval("SELECT n FROM ranker.kept") == 1


async def test_what_is_not_a_service_gets_no_role(database: Database) -> None:
    with pytest.raises(ValueError, match=r"not services: \['root'\]"):
        await prepare_database(database.admin_url, {"root": "x"})


async def test_passwords_may_hold_anything(postgres_server: PostgresServer, database: Database) -> None:
    if postgres_server.embedded is None:
        pytest.skip("roles of a shared server keep their passwords")
    try:
        await prepare_database(database.admin_url, {"notifier": 'it\'s %s \\ "odd" ü'})
        connection = await asyncpg.connect(database.url("notifier"), password='it\'s %s \\ "odd" ü', timeout=5)
        await connection.close()
    finally:
        await prepare_database(database.admin_url, {"notifier": PASSWORDS["notifier"]})


async def test_an_administrator_who_is_no_superuser_suffices(postgres_server: PostgresServer) -> None:
    async with as_ordinary_administrator(postgres_server) as admin_url:
        await prepare_database(admin_url, PASSWORDS)
        connection = await asyncpg.connect(admin_url, timeout=5)
        owners = await connection.fetch("SELECT nspname::text, nspowner::regrole::text FROM pg_namespace")
        await connection.close()
    assert {(service, service) for service in SERVICES} <= {tuple(it) for it in owners}


@asynccontextmanager
async def as_ordinary_administrator(server: PostgresServer) -> AsyncIterator[str]:
    """Of a database of its own, as managed services give it out."""
    name, password = f"owner_{secrets.token_hex(4)}", secrets.token_hex()
    await server.execute(f"CREATE ROLE {name} CREATEROLE LOGIN PASSWORD '{password}'")
    for service in SERVICES:
        await server.execute(f"GRANT {service} TO {name} WITH ADMIN OPTION")
    await server.execute(f"CREATE DATABASE {name} OWNER {name}")
    try:
        yield server.url(name, name, password)
    finally:
        await server.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await server.execute(f"DROP ROLE {name}")
