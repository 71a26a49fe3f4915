"""Who may call the gateway."""

import httpx
import pytest
from pydantic import ValidationError

from common.testing.postgres import Database
from gateway.app import create_app
from gateway.settings import Settings


async def test_without_the_right_key_nothing_but_health_is_served(database: Database) -> None:
    settings = Settings(database_url=database.url("gateway"), posthorn_api_key="sesame", scheduler_enabled=False)
    app = create_app(settings)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gateway") as rest,
    ):
        assert (await rest.get("/campaigns")).status_code == 401
        assert (await rest.get("/campaigns", headers={"X-API-Key": "wrong"})).status_code == 401
        assert (await rest.get("/campaigns", headers={"X-API-Key": "sesame"})).status_code == 200
        assert (await rest.get("/healthz")).status_code == 200
        assert (await rest.get("/readyz")).status_code == 200
        documented = (await rest.get("/openapi.json")).json()["paths"]
        open_paths = {"/healthz", "/readyz", "/metrics"}
        for path, methods in documented.items():
            for method in methods:
                answer = await rest.request(method.upper(), path.replace("{", "").replace("}", ""))
                assert path in open_paths or answer.status_code == 401, (method, path)


def test_unsafe_settings_are_refused_at_start() -> None:
    with pytest.raises(ValidationError, match="set POSTHORN_API_KEY"):
        Settings(database_url="postgresql://x")
    with pytest.raises(ValidationError, match="refused in production"):
        Settings(database_url="postgresql://x", auth_disabled=True, environment="production")
    with pytest.raises(ValidationError, match="would serve strangers"):
        Settings(database_url="postgresql://x", auth_disabled=True, host="0.0.0.0")  # noqa: S104 - that is the point


async def test_a_foreign_host_name_is_refused_where_no_key_is_needed(database: Database) -> None:
    app = create_app(Settings(database_url=database.url("gateway"), auth_disabled=True, scheduler_enabled=False))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://evil.example") as rest,
    ):
        assert (await rest.get("/campaigns")).status_code == 400
