"""Migrations of a made-up version of a service: applied once, guarded at start, compared with the models."""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from common.database import assert_current, create_engine, migrations
from common.database.migrations import SchemaDriftError, check_models, upgrade
from common.database.revision import write_revision
from common.database.roles import prepare_database
from common.database.schema_version import FOLDER_VARIABLE, SchemaBehindError
from common.testing.postgres import PASSWORDS, PostgresServer

SERVICE = "notifier"
ENV = """
import sqlalchemy as sa
from common.database.migrations import run_env
from sqlalchemy.dialects import postgresql as pg

metadata = sa.MetaData(schema="notifier")
sa.Table(
    "endpoint",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("url", sa.Text, nullable=False, server_default=""),
    sa.Column("tags", pg.ARRAY(sa.Text), nullable=False),
    sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    sa.Index("endpoint_seen", sa.text("seen_at DESC"), postgresql_where=sa.text("url <> ''")),
)
run_env(metadata, "notifier")
"""
MORE = 'sa.Column("seen_at"'


@pytest.fixture
async def url(postgres_server: PostgresServer) -> AsyncIterator[str]:
    """A database with roles and empty schemas."""
    async with postgres_server.empty_database() as admin_url:
        await prepare_database(admin_url, PASSWORDS)
        yield sa.make_url(admin_url).set(username=SERVICE, password=PASSWORDS[SERVICE]).render_as_string(False)


@pytest.fixture
async def engine(url: str) -> AsyncIterator[AsyncEngine]:
    engine = create_engine(url, role_application="test")
    yield engine
    await engine.dispose()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The service's migrations, in a place of the test."""
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    folder = tmp_path / SERVICE
    (folder / "versions").mkdir(parents=True)
    (folder / "env.py").write_text(ENV)
    return folder


async def tables(url: str) -> list[str]:
    connection = await asyncpg.connect(url, timeout=5)
    rows = await connection.fetch("SELECT table_name FROM information_schema.tables WHERE table_schema = $1", SERVICE)
    await connection.close()
    return sorted(row[0] for row in rows)


async def test_a_first_revision_is_written_applied_and_then_equal(folder: Path, url: str) -> None:
    written = await write_revision(SERVICE, "Initial tables!", url)
    assert written == folder / "versions" / "0001_initial_tables.py"
    with pytest.raises(SchemaDriftError, match="endpoint"):
        await check_models(SERVICE, url)
    await upgrade(SERVICE, url)
    await check_models(SERVICE, url)
    assert await tables(url) == ["alembic_version", "endpoint"]
    assert await write_revision(SERVICE, "nothing", url) is None


async def test_upgrading_again_or_twice_at_once_is_the_same_as_once(folder: Path, url: str) -> None:
    await write_revision(SERVICE, "initial", url)
    code = "import asyncio, sys; from common.database.migrations import upgrade; asyncio.run(upgrade(*sys.argv[1:]))"
    both = [await asyncio.create_subprocess_exec(sys.executable, "-c", code, SERVICE, url) for _ in range(2)]
    assert [await it.wait() for it in both] == [0, 0]
    await upgrade(SERVICE, url)
    assert await tables(url) == ["alembic_version", "endpoint"]


async def test_a_changed_model_is_a_drift_until_its_revision_is_written(folder: Path, url: str) -> None:
    await write_revision(SERVICE, "initial", url)
    await upgrade(SERVICE, url)
    (folder / "env.py").write_text(ENV.replace(MORE, f'sa.Column("secret", sa.LargeBinary), {MORE}'))
    with pytest.raises(SchemaDriftError, match=r'common.database.revision notifier "what changed"[\s\S]*secret'):
        await check_models(SERVICE, url)
    written = await write_revision(SERVICE, "add secret", url)
    assert written is not None
    assert written.name == "0002_add_secret.py"
    await upgrade(SERVICE, url)
    await check_models(SERVICE, url)


async def test_a_service_refuses_to_run_behind_its_schema(folder: Path, url: str, engine: AsyncEngine) -> None:
    await write_revision(SERVICE, "initial", url)
    with pytest.raises(SchemaBehindError, match=r"at revision none, this code needs 0001: run .posthorn migrate"):
        await assert_current(engine, SERVICE)
    await upgrade(SERVICE, url)
    await assert_current(engine, SERVICE)
    (folder / "env.py").write_text(ENV.replace(MORE, f'sa.Column("secret", sa.LargeBinary), {MORE}'))
    await write_revision(SERVICE, "add secret", url)
    with pytest.raises(SchemaBehindError, match="at revision 0001, this code needs 0002"):
        await assert_current(engine, SERVICE)


async def test_older_code_runs_on_a_newer_schema(folder: Path, url: str, engine: AsyncEngine) -> None:
    await write_revision(SERVICE, "initial", url)
    await upgrade(SERVICE, url)
    (folder / "env.py").write_text(ENV.replace(MORE, f'sa.Column("secret", sa.LargeBinary), {MORE}'))
    newer = await write_revision(SERVICE, "add secret", url)
    await upgrade(SERVICE, url)
    assert newer is not None
    newer.unlink()
    await assert_current(engine, SERVICE)


async def test_a_failing_migration_leaves_the_schema_as_it_was(folder: Path, url: str) -> None:
    written = await write_revision(SERVICE, "initial", url)
    assert written is not None
    text = written.read_text()
    written.write_text(text.replace("def downgrade", "    op.execute('SELECT nonsense')\n\n\ndef downgrade"))
    with pytest.raises(sa.exc.ProgrammingError, match="nonsense"):
        await upgrade(SERVICE, url)
    assert "endpoint" not in await tables(url)


async def test_a_migration_waits_for_a_busy_table_and_lets_others_pass(
    folder: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "LOCK_SECONDS", 0.1)
    await write_revision(SERVICE, "initial", url)
    await upgrade(SERVICE, url)
    (folder / "env.py").write_text(ENV.replace(MORE, f'sa.Column("secret", sa.LargeBinary), {MORE}'))
    await write_revision(SERVICE, "add secret", url)
    reader = await asyncpg.connect(url, timeout=5)
    transaction = reader.transaction()
    await transaction.start()
    await reader.execute("SELECT * FROM notifier.endpoint")
    upgrading = asyncio.create_task(upgrade(SERVICE, url))
    finished, _ = await asyncio.wait({upgrading}, timeout=0.5)
    assert not finished
    await transaction.rollback()
    await upgrading
    await reader.close()
    await check_models(SERVICE, url)
