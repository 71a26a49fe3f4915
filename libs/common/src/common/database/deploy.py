"""The deploy step: roles, schemas and migrations of all services."""

from collections.abc import Mapping

from common.database.migrations import upgrade
from common.database.roles import BROKER, prepare_database, service_url


async def deploy(admin_url: str, passwords: Mapping[str, str]) -> dict[str, str]:
    """Prepare the database and bring every schema up to date; returns the URL of each service. Safe to repeat."""
    await prepare_database(admin_url, passwords)
    await upgrade(BROKER, admin_url)
    urls = {service: service_url(admin_url, service, password) for service, password in passwords.items()}
    for service, url in urls.items():
        await upgrade(service, url)
    return urls
