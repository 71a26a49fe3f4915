"""The whole notifier: run.completed goes in, one verified webhook comes out."""

import asyncio

import httpx
from pydantic import SecretStr
from standardwebhooks import Webhook

from common.database import create_engine
from common.messaging.factory import open_broker
from common.messaging.outbox import outgoing, root_headers
from common.testing.postgres import Database
from notifier.app import create_app
from notifier.settings import Settings
from tests.integration.notifier.test_delivery import AT, completed
from tests.support.webhook_receiver import webhook_receiver


async def states(http: httpx.AsyncClient) -> list[str]:
    return [d["state"] for d in (await http.get("/deliveries", params={"run_id": "r1"})).json()]


async def test_a_completed_run_reaches_an_endpoint_added_over_http(database: Database) -> None:
    url = database.url("notifier")
    engine = create_engine(url, role_application="test")
    settings = Settings(database_url=SecretStr(url), environment="development")  # type: ignore[call-arg]  # the rest has defaults
    app = create_app(settings)
    broker = open_broker(None, engine, namespace="", service="gateway")
    await broker.open()
    transport = httpx.ASGITransport(app)
    async with (
        webhook_receiver() as receiver,
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://notifier") as http,
    ):
        assert (await http.get("/readyz")).status_code == 200
        secret = (await http.post("/endpoints", json={"url": receiver.url})).json()["secret"]
        message = outgoing(completed(), root_headers("r1", "run", "", "c1", AT), "run", "")
        for _ in range(2):
            await broker.publish([message])
        while (await states(http)) != ["delivered"]:  # noqa: ASYNC110 - the state is behind HTTP
            await asyncio.sleep(0.02)
    await broker.close()
    await engine.dispose()
    ((headers, body),) = receiver.received
    assert Webhook(secret).verify(body, headers)["data"]["postings"]["new"] == 2
    assert headers["webhook-id"] == message.headers.event_id
