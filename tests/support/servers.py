"""Servers and databases for tests: one of each per pytest-xdist worker, started when first asked for."""

import os
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from common.testing import postgres
from common.testing import rabbitmq as rabbit
from common.testing.postgres import Database, PostgresServer
from common.testing.rabbitmq import ForeignBroker, RabbitNode
from tests.support.data import REPOSITORY

WITHOUT_RABBITMQ_VARIABLE = "POSTHORN_TEST_WITHOUT_RABBITMQ"
_MEMORY, _ENOUGH = Path("/dev/shm"), 2 * 1024**3  # noqa: S108 - a private folder is made in it


@contextmanager
def server_folder(factory: pytest.TempPathFactory, name: str) -> Iterator[Path]:
    """In memory where that has room: on a disk the 700 files of a fresh database cost half a second of the kernel."""
    if _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _ENOUGH:
        _remove_leftovers()
        with tempfile.TemporaryDirectory(prefix=f"posthorn-test-{os.getpid()}-{name}-", dir=_MEMORY) as folder:
            yield Path(folder)
    else:
        yield factory.mktemp(name)


def _remove_leftovers() -> None:
    """Of tests that were killed: they would hold memory until the machine starts anew."""
    for folder in _MEMORY.glob("posthorn-test-*-*"):
        if not Path("/proc", folder.name.split("-")[2]).exists():
            shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    with server_folder(tmp_path_factory, "postgres") as folder, postgres.postgres_server(folder) as server:
        yield server


@pytest.fixture(scope="session")
async def postgres_server(postgres_process: PostgresServer) -> AsyncIterator[PostgresServer]:
    """A server of this session; `server.database()` makes more databases, `kill` and `restart` disturb it."""
    yield postgres_process
    await postgres_process.close()


@pytest.fixture
async def database(postgres_server: PostgresServer) -> AsyncIterator[Database]:
    """A fresh database with every service's schema migrated, dropped after the test."""
    async with postgres_server.database() as fresh:
        yield fresh


@pytest.fixture(scope="module")
async def module_database(postgres_server: PostgresServer) -> AsyncIterator[Database]:
    """The same for all tests of a module."""
    async with postgres_server.database() as fresh:
        yield fresh


@pytest.fixture(scope="session")
def rabbitmq(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RabbitNode | ForeignBroker]:
    """A RabbitMQ of this session, shared by its tests: keep to your `namespace`. None to be had is an error."""
    if os.environ.get(WITHOUT_RABBITMQ_VARIABLE) == "1":
        pytest.skip(f"{WITHOUT_RABBITMQ_VARIABLE}=1")
    programs = REPOSITORY / ".cache" / "rabbitmq"
    with server_folder(tmp_path_factory, "rabbitmq") as folder, rabbit.rabbitmq(folder, programs) as broker:
        yield broker


@pytest.fixture
def namespace() -> str:
    """A prefix for exchange and queue names that no other test has."""
    return f"test_{secrets.token_hex(6)}"
