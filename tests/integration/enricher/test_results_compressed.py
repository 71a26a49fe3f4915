"""Results that were stored before they were compressed are read as they were."""

import shutil
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from common.database.migrations import upgrade
from common.database.roles import prepare_database
from common.database.schema_version import FOLDER_VARIABLE
from common.settings import REPOSITORY
from common.testing.postgres import PASSWORDS, PostgresServer
from enricher.store.enrichments import EnrichmentStore

_SUMMARY = "Café – 日本"


async def test_a_result_kept_as_json_is_read_after_the_upgrade(
    postgres_server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(REPOSITORY / "services" / "enricher" / "migrations", tmp_path / "enricher")
    newer = [
        path.rename(tmp_path / path.name)
        for path in (tmp_path / "enricher" / "versions").glob("*.py")
        if path.name > "0006"
    ]
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    hashes = [uuid4() for _ in range(2_100)]
    async with postgres_server.empty_database() as admin_url:
        await prepare_database(admin_url, PASSWORDS)
        url = sa.make_url(admin_url).set(username="enricher", password=PASSWORDS["enricher"])
        await upgrade("enricher", url.render_as_string(hide_password=False))
        connection = await asyncpg.connect(url.render_as_string(hide_password=False))
        await connection.execute(
            "INSERT INTO enricher.enrichment (content_hash, rules_version, result, dwh_load_timestamp) "
            "SELECT unnest($1::uuid[]), 'r1', json_build_object('summary', $2::text), now()",
            hashes, _SUMMARY,
        )  # fmt: skip
        await connection.close()
        for path in newer:
            path.rename(tmp_path / "enricher" / "versions" / path.name)
        await upgrade("enricher", url.render_as_string(hide_password=False))
        engine = create_async_engine(url.set(drivername="postgresql+asyncpg"))
        async with engine.connect() as conn:
            known = await EnrichmentStore().known(conn, [each.hex for each in hashes], "r1")
        await engine.dispose()
    assert len(known) == len(hashes)
    assert {each.summary for each in known.values()} == {_SUMMARY}
