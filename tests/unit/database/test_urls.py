"""URLs of databases, and folders of migrations."""

from pathlib import Path

import pytest

from common.database.engine import asyncpg_url
from common.database.roles import SERVICES, service_url
from common.database.schema_version import migrations_folder

REPOSITORY = Path(__file__).parents[3]


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+asyncpg"])
def test_every_way_to_write_postgresql_gets_the_driver(scheme: str) -> None:
    url = asyncpg_url(f"{scheme}://me:p%40ss@db:5433/jobs?ssl=require")
    assert url.render_as_string(hide_password=False) == "postgresql+asyncpg://me:p%40ss@db:5433/jobs?ssl=require"


def test_another_database_is_refused_without_its_password() -> None:
    with pytest.raises(ValueError, match="not a PostgreSQL URL") as refused:
        asyncpg_url("mysql://me:secret@db/jobs")
    assert "secret" not in str(refused.value)


def test_a_service_gets_the_same_database_under_its_role() -> None:
    assert (
        service_url("postgresql+asyncpg://root:x@db:1/jobs", "ranker", "a/b") == "postgresql://ranker:a%2Fb@db:1/jobs"
    )


@pytest.mark.parametrize("service", SERVICES)
def test_migrations_lie_in_the_service(service: str) -> None:
    assert migrations_folder(service) == REPOSITORY / "services" / service / "migrations"


def test_images_name_the_folder_of_migrations(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("POSTHORN_MIGRATIONS", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="POSTHORN_MIGRATIONS"):
        migrations_folder("ranker")
    (tmp_path / "ranker").mkdir()
    assert migrations_folder("ranker") == tmp_path / "ranker"
