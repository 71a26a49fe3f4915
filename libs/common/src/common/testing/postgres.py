"""A PostgreSQL for tests, and fresh migrated databases on it."""

import os
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
import sqlalchemy as sa

from common.database.deploy import deploy
from common.database.embedded import EmbeddedPostgres
from common.database.roles import SERVICES
from common.testing.processes import kill_tree

#: Names a server that exists for tests only: they create databases on it and set the passwords of the six roles.
URL_VARIABLE = "TEST_DATABASE_URL"
#: Process death keeps what the kernel holds, so tests need no fsync.
_SETTINGS = {"fsync": "off", "full_page_writes": "off", "shared_buffers": "128MB", "max_wal_size": "128MB"}
#: The same in every test run, since roles belong to the server.
PASSWORDS = {service: f"{service}-test" for service in SERVICES}


@dataclass(frozen=True)
class Database:
    """A database with all schemas migrated."""

    admin_url: str
    urls: dict[str, str]

    def url(self, service: str) -> str:
        """The URL with the role of this service."""
        return self.urls[service]


@dataclass
class PostgresServer:
    """A server whose databases come and go with the tests."""

    admin_url: str
    embedded: EmbeddedPostgres | None = None
    _template: str = field(default="", init=False)

    @property
    def pid(self) -> int:
        return self._own().pid

    def kill(self) -> None:
        """`kill -9` of the server and all its processes."""
        kill_tree(self.pid)

    def restart(self) -> None:
        """Start again after `kill`, on the same port; committed data is there."""
        self._own().start()

    @asynccontextmanager
    async def database(self) -> AsyncIterator[Database]:
        """A fresh copy of the migrated template (made at first use), dropped on leaving."""
        if not self._template:
            template = await self._create("template")
            await deploy(self.url(template), PASSWORDS)
            self._template = template
        async with self.empty_database(self._template) as admin_url:
            name = sa.make_url(admin_url).database
            yield Database(admin_url, {service: self.url(name, service, PASSWORDS[service]) for service in SERVICES})

    @asynccontextmanager
    async def empty_database(self, template: str = "template0") -> AsyncIterator[str]:
        """A fresh copy of `template` as the administrator, dropped on leaving."""
        name = await self._create("test", template)
        try:
            yield self.url(name)
        finally:
            await self.execute(f"DROP DATABASE {name} WITH (FORCE)")

    async def _create(self, kind: str, template: str = "template0") -> str:
        name = f"posthorn_{kind}_{secrets.token_hex(6)}"
        await self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    async def close(self) -> None:
        """Drop the template; needed on a server that lives on."""
        if self._template:
            await self.execute(f"DROP DATABASE {self._template} WITH (FORCE)")

    async def execute(self, sql: str) -> None:
        """Run a statement as the administrator, outside of any transaction."""
        connection = await asyncpg.connect(self.admin_url, timeout=10, command_timeout=60)
        try:
            await connection.execute(sql)
        finally:
            await connection.close(timeout=5)

    def url(self, database: str | None, username: str | None = None, password: str | None = None) -> str:
        """A database of the server, as the administrator unless said otherwise."""
        url = sa.make_url(self.admin_url).set(database=database)
        if username is not None:
            url = url.set(username=username, password=password)
        return url.render_as_string(hide_password=False)

    def _own(self) -> EmbeddedPostgres:
        if self.embedded is None:
            raise RuntimeError(f"the server of {URL_VARIABLE} is not ours to touch")
        return self.embedded


@contextmanager
def postgres_server(directory: Path) -> Iterator[PostgresServer]:
    """The server of TEST_DATABASE_URL, or an embedded one in `directory`, for as long as the context is open."""
    if url := os.environ.get(URL_VARIABLE):
        yield PostgresServer(url)
        return
    with EmbeddedPostgres(directory, _SETTINGS) as embedded:
        yield PostgresServer(embedded.url, embedded)
