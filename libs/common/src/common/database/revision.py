"""For developers: write the next migration of a service, `python -m common.database.revision normalizer "message"`."""

import argparse
import asyncio
import re
import secrets
import tempfile
from pathlib import Path
from typing import Any

from alembic.autogenerate import produce_migrations, render_python_code
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.dialects import postgresql

from common.database.embedded import EmbeddedPostgres
from common.database.migrations import on_schema, upgrade
from common.database.roles import BROKER, SERVICES, prepare_database, service_url
from common.database.schema_version import migrations_folder

_FILE = '''"""{message}"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "{revision}"
down_revision = {down_revision!r}


def upgrade() -> None:
    {upgrade}


def downgrade() -> None:
    {downgrade}
'''


async def write_revision(service: str, message: str, url: str) -> Path | None:
    """Compare the migrated schema at `url` with tables.py and write the file; None where they are equal."""
    await upgrade(service, url)
    folder = migrations_folder(service)
    head = ScriptDirectory(str(folder)).get_current_head()
    number = f"{int(head or 0) + 1:04}"
    file = folder / "versions" / f"{number}_{re.sub(r'[^a-z0-9]+', '_', message.lower()).strip('_')}.py"
    rendered: list[str] = []

    def compare(_revision: Any, migration: MigrationContext) -> list[Any]:
        found = produce_migrations(migration, migration.opts["target_metadata"])
        both = (found.upgrade_ops, found.downgrade_ops)
        if found.upgrade_ops is not None and not found.upgrade_ops.is_empty():
            rendered.extend(render_python_code(it, migration_context=_postgresql()) for it in both if it is not None)
        return []

    await on_schema(service, url, compare)
    if not rendered:
        return None
    file.parent.mkdir(exist_ok=True)
    up, down = rendered
    text = _FILE.format(message=message, revision=number, down_revision=head, upgrade=up, downgrade=down)
    file.write_text(text)
    return file


def _postgresql() -> MigrationContext:
    """To render in PostgreSQL's words; Alembic refuses the context that found the differences."""
    return MigrationContext.configure(dialect=postgresql.dialect())  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it untyped


async def _in_private_server(service: str, message: str, admin_url: str) -> Path | None:
    if service == BROKER:
        await prepare_database(admin_url, {})
        return await write_revision(service, message, admin_url)
    password = secrets.token_urlsafe()
    await prepare_database(admin_url, {service: password})
    return await write_revision(service, message, service_url(admin_url, service, password))


def main() -> None:
    """Needs no server: it starts one of its own."""
    parser = argparse.ArgumentParser(prog="python -m common.database.revision", description=__doc__)
    parser.add_argument("service", choices=[*SERVICES, BROKER])
    parser.add_argument("message", help='what changes, such as "initial" or "add postings.closed_at"')
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres(Path(folder)) as server:
        written = asyncio.run(_in_private_server(arguments.service, arguments.message, server.url))
    print(written or "tables.py and migrations are equal: nothing to write")  # noqa: T201 - a command speaks


if __name__ == "__main__":
    main()
