"""Both brokers as parameters of the shared suite."""

import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from common.messaging.rabbit import RabbitBroker
from common.testing.postgres import Database
from common.testing.rabbitmq import ForeignBroker, RabbitNode
from tests.integration.messaging.rigs import WAIT_SECONDS, PostgresRig, RabbitRig, Rig


@pytest.fixture(scope="session")
async def declared_namespace(rabbitmq: RabbitNode | ForeignBroker) -> str:
    """A namespace whose queues are declared once for all tests."""
    namespace = f"suite_{secrets.token_hex(4)}"
    broker = RabbitBroker(rabbitmq.url, namespace=namespace, service="test", wait_seconds=WAIT_SECONDS)
    await broker.open()
    try:
        await broker.declare()
    finally:
        await broker.close()
    return namespace


@pytest.fixture
async def rabbit_rig(rabbitmq: RabbitNode | ForeignBroker, declared_namespace: str) -> AsyncIterator[RabbitRig]:
    async with AsyncExitStack() as stack:
        rig = RabbitRig(rabbitmq.url, declared_namespace, stack)
        await rig.purge()
        yield rig


@pytest.fixture
async def postgres_rig(database: Database) -> AsyncIterator[PostgresRig]:
    async with AsyncExitStack() as stack:
        yield PostgresRig(database.url("normalizer"), stack)


@pytest.fixture(params=["rabbit", "postgres"])
def rig(request: pytest.FixtureRequest) -> Rig:
    """Each test of the shared suite runs on both."""
    rig: Rig = request.getfixturevalue(f"{request.param}_rig")
    return rig
