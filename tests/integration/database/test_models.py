"""The migrations of the repository make what the services' tables.py say."""

import pytest

from common.database.migrations import check_models
from common.database.roles import BROKER, SERVICES
from common.testing.postgres import Database


@pytest.mark.parametrize("service", SERVICES)
async def test_models_equal_migrations(database: Database, service: str) -> None:
    await check_models(service, database.url(service))


async def test_the_brokers_models_equal_its_migrations(database: Database) -> None:
    await check_models(BROKER, database.admin_url)
