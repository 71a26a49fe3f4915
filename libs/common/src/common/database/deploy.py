"""The deploy step: roles, schemas and migrations of all services, `python -m common.database.deploy`."""

import asyncio
import os
import sys
from collections.abc import Mapping

from common.database.migrations import upgrade
from common.database.roles import BROKER, SERVICES, prepare_database, service_url


async def deploy(admin_url: str, passwords: Mapping[str, str]) -> dict[str, str]:
    """Prepare the database and bring every schema up to date; returns the URL of each service. Safe to repeat."""
    await prepare_database(admin_url, passwords)
    await upgrade(BROKER, admin_url)
    urls = {service: service_url(admin_url, service, password) for service, password in passwords.items()}
    for service, url in urls.items():
        await upgrade(service, url)
    return urls


def main() -> None:
    """From the environment: DATABASE_ADMIN_URL, and NORMALIZER_DATABASE_PASSWORD and so on for the six."""
    variables = {service: f"{service.upper()}_DATABASE_PASSWORD" for service in SERVICES}
    missing = [name for name in ("DATABASE_ADMIN_URL", *variables.values()) if not os.environ.get(name)]
    if missing:
        sys.exit(f"set {', '.join(missing)}")
    passwords = {service: os.environ[name] for service, name in variables.items()}
    asyncio.run(deploy(os.environ["DATABASE_ADMIN_URL"], passwords))


if __name__ == "__main__":
    main()
