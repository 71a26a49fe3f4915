"""Replays of archived pages and backfills at the gateway: what they ask for, that they begin once, what changed."""

from datetime import UTC, date, datetime
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from fastapi import FastAPI

from common.contracts import Days, RunRequested, UnitFinished, WindowRequested, decode, unit_id
from gateway.tables import metadata

CAMPAIGN = {
    "campaign_name": "c", "query": "q", "country": "ca", "email": "a@example.com", "schedule_cron": None,
    "date_window": "all",
    "sources": [{"source": "sample"}],
}  # fmt: skip


async def sent(app: FastAPI, kind: type[Any]) -> list[Any]:
    """Events of this type in the outbox."""
    outbox = metadata.tables["gateway.outbox"]
    async with app.state.wiring.session.engine.connect() as conn:
        rows = (await conn.execute(sa.select(outbox.c.headers, outbox.c.body))).all()
    return [decode(kind, r.body, r.headers["sha256"]) for r in rows if r.headers["event_type"] == kind.event_type]


async def post(rest: httpx.AsyncClient, path: str, body: Any, status: int = 202) -> Any:
    answer = await rest.post(path, json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


async def test_a_replay_is_a_run_of_nobodys_that_names_its_window(rest: httpx.AsyncClient, app: FastAPI) -> None:
    asked = {"from": "2026-11-01", "to": "2026-11-02", "sources": ["lever", "lever"], "dry_run": True}
    run = await post(rest, "/runs/replay", asked)
    assert (run["kind"], run["trigger"], run["campaign_id"]) == ("replay", "archive", None)
    assert run["window"] | {"sources": 0} == {
        "from": "2026-11-01", "to": "2026-11-02", "sources": 0, "run_ids": [], "dry_run": True
    }  # fmt: skip
    (event,) = await sent(app, WindowRequested)
    assert event == WindowRequested(
        since=datetime(2026, 11, 1, tzinfo=UTC), until=datetime(2026, 11, 3, tzinfo=UTC), mode="dry_run",
        sources=["lever"],
    )  # fmt: skip
    shown = (await rest.get(f"/runs/{run['run_id']}")).json()
    assert (shown["state"], shown["stages"][0]["stage"], shown["open_units"]) == ("running", "window", 1)


async def test_a_replay_ends_with_its_units_and_is_announced(rest: httpx.AsyncClient, app: FastAPI) -> None:
    run_id = (await post(rest, "/runs/replay", {"run_ids": ["r1"]}))["run_id"]
    wired = app.state.wiring
    finish = UnitFinished(run_id=run_id, unit_id=unit_id("window", run_id), stage="window", reasons={"page_expired": 2})
    async with wired.session.engine.begin() as conn:
        await wired.ledger.apply(conn, [finish])
    shown = (await rest.get(f"/runs/{run_id}")).json()
    assert (shown["status"], shown["replay_of"], shown["books"]["reasons"]) == (
        "succeeded", "r1", {"page_expired": 2}
    )  # fmt: skip


async def test_the_same_id_begins_once_and_names_one_window(rest: httpx.AsyncClient, app: FastAPI) -> None:
    for _ in range(2):
        await post(rest, "/runs/replay", {"from": "2026-11-01", "run_id": "mine"})
    assert len(await sent(app, WindowRequested)) == 1
    await post(rest, "/runs/replay", {"from": "2026-11-02", "run_id": "mine"}, 409)


@pytest.mark.parametrize(
    "body",
    [
        {}, {"to": "2026-11-01"}, {"from": "2026-11-02", "to": "2026-11-01"}, {"from": "soon"},
        {"run_ids": ["a\x00b"]}, {"from": "2026-11-01", "campaign": "c"},
    ],
)  # fmt: skip
async def test_a_window_that_makes_no_sense_is_refused(rest: httpx.AsyncClient, body: Any) -> None:
    await post(rest, "/runs/replay", body, 422)


async def test_a_window_may_reach_to_the_end_of_time(rest: httpx.AsyncClient, app: FastAPI) -> None:
    await post(rest, "/runs/replay", {"from": "0001-01-01", "to": "9999-12-31"})
    (event,) = await sent(app, WindowRequested)
    assert event.until <= datetime.now(UTC)


async def test_a_backfill_begins_once_for_the_same_days_and_sources(rest: httpx.AsyncClient, app: FastAPI) -> None:
    campaign = (await post(rest, "/campaigns", CAMPAIGN, 201))["campaign_id"]
    asked = {"campaign_id": campaign, "from": "2026-11-01", "to": "2026-11-20"}
    one, two = [await post(rest, "/runs/backfill", asked) for _ in range(2)]
    assert one["run_id"] == two["run_id"]
    assert (one["kind"], one["trigger"], one["window"]) == (
        "collect", "backfill", {"from": "2026-11-01", "to": "2026-11-20"}
    )  # fmt: skip
    (event,) = await sent(app, RunRequested)
    assert event.posted == Days(first=date(2026, 11, 1), last=date(2026, 11, 20))
    other = await post(rest, "/runs/backfill", asked | {"sources": [{"source": "jsearch"}]})
    assert other["run_id"] != one["run_id"]
    await post(rest, "/runs/backfill", asked | {"campaign_id": "0" * 32}, 404)


async def test_the_diff_is_put_together_from_who_owns_the_fields(rest: httpx.AsyncClient, app: FastAPI) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/replays/mine/differences"
        example = {"hash_key": "1" * 32, "before": None, "after": request.url.host}
        return httpx.Response(
            200, json=[{"field": "title", "postings": 7, "examples": [example], "rules_version": "2"}]
        )

    await post(rest, "/runs/replay", {"from": "2026-11-01", "run_id": "mine", "dry_run": True})
    clients = app.state.wiring.services._clients
    for name in ("normalizer", "enricher"):
        clients[name] = httpx.AsyncClient(base_url=f"http://{name}", transport=httpx.MockTransport(answer))
    found = (await rest.get("/runs/mine/diff")).json()
    assert found["dry_run"] is True
    assert [(f["stage"], f["examples"][0]["after"]) for f in found["fields"]] == [
        ("normalize", "normalizer"), ("enrich", "enricher")
    ]  # fmt: skip
    assert (await rest.get("/runs/nobodys/diff")).status_code == 404
