"""Servers and databases for tests: one of each per pytest-xdist worker, started when first asked for."""

import os
import secrets
from collections.abc import AsyncIterator, Iterator

import pytest

from common.testing import postgres
from common.testing import rabbitmq as rabbit
from common.testing.postgres import Database, PostgresServer
from common.testing.rabbitmq import ForeignBroker, RabbitNode
from tests.support.data import REPOSITORY

WITHOUT_RABBITMQ_VARIABLE = "POSTHORN_TEST_WITHOUT_RABBITMQ"


@pytest.fixture(scope="session")
def postgres_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    with postgres.postgres_server(tmp_path_factory.mktemp("postgres")) as server:
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


@pytest.fixture(scope="session")
def rabbitmq(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RabbitNode | ForeignBroker]:
    """A RabbitMQ of this session, shared by its tests: keep to your `namespace`. None to be had is an error."""
    if os.environ.get(WITHOUT_RABBITMQ_VARIABLE) == "1":
        pytest.skip(f"{WITHOUT_RABBITMQ_VARIABLE}=1")
    with rabbit.rabbitmq(tmp_path_factory.mktemp("rabbitmq"), REPOSITORY / ".cache" / "rabbitmq") as broker:
        yield broker


@pytest.fixture
def namespace() -> str:
    """A prefix for exchange and queue names that no other test has."""
    return f"test_{secrets.token_hex(6)}"
