"""Sources as the gateway shows them: the extractor's words with the normalizer's count of new postings."""

from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from common.web.problems import add_problem_handlers
from gateway.clients.services import Services
from gateway.routes import sources

DAYS = [{"day": "2026-11-19", "postings": 40}, {"day": "2026-11-20", "postings": 42}]
FOUND = {"name": "lever", "latest": DAYS[-1], "days": DAYS, "feeds": [{"feed": "acme"}, {"feed": "umbrella"}]}


def extractor(request: httpx.Request) -> httpx.Response:
    if request.url.path == "/sources":
        return httpx.Response(200, json=[{"name": "lever", "latest": DAYS[-1]}, {"name": "ashby", "latest": None}])
    if request.url.path == "/sources/lever":
        return httpx.Response(200, json=FOUND)
    return httpx.Response(404, json={"title": "No such source", "status": 404})


def normalizer(request: httpx.Request) -> httpx.Response:
    if request.url.path == "/sweeps":
        return httpx.Response(200, json=[{"source": "lever", "feed": "acme", "closed": 2}])
    assert request.url.path == "/sightings/new"
    return httpx.Response(200, json=[{"source": "lever", "day": "2026-11-20", "new": 3}])


def unreachable(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("refused", request=request)


async def answer(path: str, said: Any = normalizer) -> httpx.Response:
    handlers = {"extractor": extractor, "normalizer": said}
    clients = {
        name: httpx.AsyncClient(base_url=f"http://{name}", transport=httpx.MockTransport(handler))
        for name, handler in handlers.items()
    }
    app = FastAPI()
    add_problem_handlers(app)
    app.include_router(sources.router)
    app.state.wiring = SimpleNamespace(services=Services(clients))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gateway") as client:
        return await client.get(path)


async def test_each_day_says_how_many_postings_were_new() -> None:
    found = (await answer("/sources/lever")).json()
    assert [(day["day"], day["postings"], day["new"]) for day in found["days"]] == [
        ("2026-11-19", 40, 0),
        ("2026-11-20", 42, 3),
    ]
    assert found["latest"]["new"] == 3


async def test_each_feed_says_what_its_last_whole_read_closed() -> None:
    feeds = (await answer("/sources/lever")).json()["feeds"]
    assert [feed["sweep"] and feed["sweep"]["closed"] for feed in feeds] == [2, None]


async def test_the_list_says_it_of_the_last_day_of_each() -> None:
    latest = [source["latest"] for source in (await answer("/sources")).json()]
    assert latest == [{**DAYS[-1], "new": 3}, None]


@pytest.mark.parametrize("path", ["/sources", "/sources/lever"])
async def test_sources_are_shown_while_the_normalizer_is_away(path: str) -> None:
    found = await answer(path, unreachable)
    latest = found.json()[0]["latest"] if path == "/sources" else found.json()["latest"]
    assert (found.status_code, latest["new"], latest["postings"]) == (200, None, 42)


async def test_a_source_that_nobody_knows_is_a_problem() -> None:
    assert (await answer("/sources/lovr")).status_code == 404
