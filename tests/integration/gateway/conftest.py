"""A gateway in this process on a fresh database, with nobody behind it."""

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from common.testing.postgres import Database
from gateway.app import create_app
from gateway.settings import Settings


@pytest.fixture
async def app(database: Database) -> AsyncIterator[FastAPI]:
    settings = Settings(database_url=database.url("gateway"), auth_disabled=True, scheduler_enabled=False)
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
async def rest(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client:
        yield client
