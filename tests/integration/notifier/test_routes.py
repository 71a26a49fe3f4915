"""The notifier's HTTP: secrets once, clear refusals, deliveries and their attempts, retries and tests."""

import uuid
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine
from standardwebhooks import Webhook

from common.web.problems import add_problem_handlers
from notifier.clients.webhooks import WebhookClient
from notifier.handlers import DeliveryWorker
from notifier.routes import router
from notifier.store import NotifierStore
from tests.support.webhook_receiver import webhook_receiver


@pytest.fixture
async def http(
    engine: AsyncEngine, store: NotifierStore, client: WebhookClient, worker: DeliveryWorker
) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    app.include_router(router)
    add_problem_handlers(app)
    session = SimpleNamespace(engine=engine)
    app.state.wiring = SimpleNamespace(session=session, store=store, client=client, worker=worker)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://notifier") as client_:
        yield client_


async def created(http: httpx.AsyncClient, url: str, **fields: Any) -> dict[str, Any]:
    answer = await http.post("/endpoints", json={"url": url, **fields})
    assert answer.status_code == 201, answer.text
    endpoint: dict[str, Any] = answer.json()
    return endpoint


async def test_the_secret_is_shown_once(http: httpx.AsyncClient) -> None:
    endpoint = await created(http, "http://127.0.0.1:9/in", events=["run.completed"], campaign_ids=["c1"])
    assert endpoint["secret"].startswith("whsec_")
    for answer in (await http.get("/endpoints"), await http.get(f"/endpoints/{endpoint['id']}")):
        assert answer.status_code == 200
        assert "whsec_" not in answer.text
    assert (await http.get("/endpoints")).json()[0]["campaign_ids"] == ["c1"]


@pytest.mark.parametrize(
    "body",
    [
        {}, {"url": "hooks.example.com"}, {"url": "https://user:pw@example.com/"}, {"url": "http://127.0.0.1/", "x": 1},
        {"url": "http://127.0.0.1/", "events": ["run.exploded"]}, {"url": "http://127.0.0.1/", "description": "a\x00b"},
        {"url": "http://127.0.0.1/", "campaign_ids": "c1"}, {"url": 7}, {"url": None}, [],
    ],
)  # fmt: skip
async def test_a_wrong_body_is_refused_with_the_place(http: httpx.AsyncClient, body: Any) -> None:
    answer = await http.post("/endpoints", json=body)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"][0]["pointer"].startswith("/body")


async def test_an_address_inside_is_refused_where_only_public_ones_are_allowed(
    http: httpx.AsyncClient, client: WebhookClient
) -> None:
    client._allow_private = False
    for url in ("http://127.0.0.1/", "http://localhost/", "http://[::1]/", "http://169.254.169.254/", "http://0x7f.1/"):
        answer = await http.post("/endpoints", json={"url": url})
        assert answer.status_code == 422, url
        assert "not allowed" in answer.json()["title"]


async def test_an_endpoint_is_changed_paused_and_deleted(http: httpx.AsyncClient) -> None:
    path = f"/endpoints/{(await created(http, 'http://127.0.0.1:9/in'))['id']}"
    changed = await http.patch(path, json={"is_active": False, "description": "paused"})
    assert (changed.status_code, changed.json()["is_active"]) == (200, False)
    assert (await http.patch(path, json={})).json()["description"] == "paused"
    assert (await http.patch(path, json={"secret": "whsec_mine"})).status_code == 422
    assert (await http.patch(path, json={"is_active": None})).status_code == 422
    assert (await http.post(f"{path}/test")).status_code == 409
    assert (await http.delete(path)).status_code == 204
    for answer in (
        await http.delete(path),
        await http.get(path),
        await http.patch(path, json={}),
        await http.post(f"{path}/test"),
    ):
        assert answer.status_code == 404


async def test_a_test_message_arrives_and_its_attempts_are_listed(
    http: httpx.AsyncClient, worker: DeliveryWorker
) -> None:
    async with webhook_receiver("500 Broken", "200 OK") as receiver:
        endpoint = await created(http, receiver.url)
        sent = await http.post(f"/endpoints/{endpoint['id']}/test")
        assert sent.status_code == 202
        await worker.send_due()
        delivery = sent.json()["id"]
        again = await http.post(f"/deliveries/{delivery}/retry")
        assert (again.status_code, again.json()["state"]) == (202, "pending")
        await worker.send_due()
    headers, body = receiver.received[-1]
    assert Webhook(endpoint["secret"]).verify(body, headers)["type"] == "endpoint.test"
    assert {h["webhook-id"] for h, _ in receiver.received} == {sent.json()["event_id"]}
    attempts = (await http.get(f"/deliveries/{delivery}/attempts")).json()
    assert [(a["status"], a["excerpt"]) for a in attempts] == [(500, "ok"), (200, "ok")]
    listed = (await http.get("/deliveries", params={"endpoint_id": endpoint["id"]})).json()
    assert [d["state"] for d in listed] == ["delivered"]


async def test_deliveries_are_paged_newest_first(http: httpx.AsyncClient) -> None:
    endpoint = await created(http, "http://127.0.0.1:9/in")
    ids = [(await http.post(f"/endpoints/{endpoint['id']}/test")).json()["id"] for _ in range(5)]
    first = (await http.get("/deliveries", params={"limit": 3})).json()
    rest = (await http.get("/deliveries", params={"limit": 3, "before": first[-1]["id"]})).json()
    assert [d["id"] for d in first + rest] == ids[::-1]
    assert (await http.get("/deliveries", params={"run_id": "r1' OR 1=1 --"})).json() == []


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"/deliveries/{uuid.UUID(int=1)}/attempts", 404), ("/deliveries/1/attempts", 422),
        ("/deliveries?limit=0", 422), ("/deliveries?run_id=%00", 422), ("/endpoints/x", 422),
        (f"/endpoints/{uuid.UUID(int=1)}", 404),
    ],
)  # fmt: skip
async def test_what_does_not_exist_is_said_so(http: httpx.AsyncClient, path: str, status: int) -> None:
    assert (await http.get(path)).status_code == status


async def test_retrying_an_unknown_delivery_is_refused(http: httpx.AsyncClient) -> None:
    assert (await http.post(f"/deliveries/{uuid.uuid4()}/retry")).status_code == 404
