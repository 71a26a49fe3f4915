"""Campaigns over REST."""

import uuid
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from fastapi import FastAPI

from gateway.tables import metadata

CAMPAIGN = {
    "campaign_name": "Data", "query": "data engineer", "country": "UK", "email": "me@example.com",
    "date_window": "month", "skills": "python, sql", "remote_preference": ["remote"],
}  # fmt: skip


async def create(rest: httpx.AsyncClient, **more: Any) -> dict[str, Any]:
    answer = await rest.post("/campaigns", json=CAMPAIGN | more)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def test_a_created_campaign_is_active_with_counters_at_zero(rest: httpx.AsyncClient) -> None:
    made = await create(rest)
    assert made["is_active"]
    assert made["country"] == "gb"
    assert made["skills"] == ["python", "sql"]
    assert made["total_run_count"] == 0
    assert made["next_run_at"] is not None
    assert (await rest.get(f"/campaigns/{made['campaign_id']}")).json() == made
    assert (await rest.get("/campaigns")).json() == [made]


async def test_a_change_makes_a_new_version_and_a_rerank_run(rest: httpx.AsyncClient) -> None:
    made = await create(rest)
    changed = (await rest.patch(f"/campaigns/{made['campaign_id']}", json={"query": "analyst"})).json()
    assert changed["query"] == "analyst"
    assert changed["version"] == made["version"] + 1
    runs = (await rest.get("/runs", params={"kind": "rerank"})).json()["items"]
    assert [r["trigger"] for r in runs] == ["changed", "created"]


async def test_a_change_of_nothing_changes_nothing(rest: httpx.AsyncClient) -> None:
    made = await create(rest)
    assert (await rest.patch(f"/campaigns/{made['campaign_id']}", json={"query": made["query"]})).json() == made


async def test_a_paused_campaign_starts_no_runs(rest: httpx.AsyncClient) -> None:
    made = await create(rest, sources=[{"source": "sample"}])
    paused = (await rest.post(f"/campaigns/{made['campaign_id']}/toggle")).json()
    assert not paused["is_active"]
    assert paused["next_run_at"] is None
    answer = await rest.post(f"/campaigns/{made['campaign_id']}/runs")
    assert answer.status_code == 409
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_deleted_campaign_is_gone_but_its_runs_stay(rest: httpx.AsyncClient) -> None:
    made = await create(rest)
    assert (await rest.delete(f"/campaigns/{made['campaign_id']}")).status_code == 204
    assert (await rest.get(f"/campaigns/{made['campaign_id']}")).status_code == 404
    assert (await rest.get("/campaigns")).json() == []
    assert len((await rest.get("/runs")).json()["items"]) == 2


@pytest.mark.parametrize(
    "body",
    [
        "not json", "[]", '"text"', "null", "{}", '{"campaign_name": 5}',
        '{"campaign_name": "x\\u0000", "query": "q", "country": "ca", "email": "a@example.com", "date_window": "all"}',
        '{"campaign_name": "x", "query": "q", "country": "ca", "email": "a@example.com", "date_window": "all", "x": 1}',
    ],
)  # fmt: skip
async def test_what_is_no_campaign_is_refused_with_problem_details(rest: httpx.AsyncClient, body: str) -> None:
    answer = await rest.post("/campaigns", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"]


async def test_a_wrong_change_names_the_field_and_keeps_the_campaign(rest: httpx.AsyncClient) -> None:
    made = await create(rest)
    answer = await rest.patch(f"/campaigns/{made['campaign_id']}", json={"min_salary": "competitive"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/body/min_salary"
    assert (await rest.get(f"/campaigns/{made['campaign_id']}")).json() == made


@pytest.mark.parametrize(
    "path", ["/campaigns/1;drop table", "/campaigns/' or 1=1", "/runs/%00", "/runs/a'b", "/jobs/x"]
)
async def test_odd_paths_are_refused_not_executed(rest: httpx.AsyncClient, path: str) -> None:
    assert (await rest.get(path)).status_code in (404, 422)


async def test_a_body_beyond_the_limit_is_refused(rest: httpx.AsyncClient) -> None:
    answer = await rest.post("/campaigns", content=b"x" * (3 * 1024 * 1024))
    assert answer.status_code == 413


async def test_a_run_id_of_ones_own_starts_once(rest: httpx.AsyncClient, app: FastAPI) -> None:
    made = await create(rest, sources=[{"source": "sample"}])
    path = f"/campaigns/{made['campaign_id']}/runs"
    first = await rest.post(path, json={"run_id": "mine"})
    again = await rest.post(path, json={"run_id": "mine"})
    assert first.status_code == again.status_code == 202
    assert first.json() == again.json()
    outbox = metadata.tables["gateway.outbox"]
    async with app.state.wiring.session.engine.connect() as conn:
        sent = await conn.execute(
            sa.select(sa.func.count()).where(outbox.c.headers["event_type"].as_string() == "run.requested.v1")
        )
        assert sent.scalar_one() == 1
    other = await create(rest, sources=[{"source": "sample"}])
    taken = await rest.post(f"/campaigns/{other['campaign_id']}/runs", json={"run_id": "mine"})
    assert taken.status_code == 409


async def test_a_run_without_sources_is_refused_with_what_to_do(rest: httpx.AsyncClient) -> None:
    made = await create(rest)
    answer = await rest.post(f"/campaigns/{made['campaign_id']}/runs")
    assert answer.status_code == 422
    assert "sources" in answer.json()["detail"]


@pytest.mark.parametrize("params", [{"bo\x00ard": "a"}, {"board": "a\x00"}, {"boards": ["a", "\x00"]}])
async def test_parameters_that_no_database_keeps_are_refused(
    rest: httpx.AsyncClient, params: dict[str, object]
) -> None:
    made = await create(rest)
    sources = [{"source": "sample", "params": params}]
    answer = await rest.post(f"/campaigns/{made['campaign_id']}/runs", json={"sources": sources})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"][:23]) == (422, "/body/sources/0/params/")


async def test_a_source_is_added_once(rest: httpx.AsyncClient) -> None:
    made = await create(rest, sources=[{"source": "sample"}])
    path = f"/campaigns/{made['campaign_id']}/sources"
    acme = {"source": "greenhouse", "params": {"board": "acme"}}
    added = (await rest.post(path, json=acme)).json()
    assert [s["source"] for s in added["sources"]] == ["sample", "greenhouse"]
    assert (await rest.post(path, json=acme)).json() == added
    assert (await rest.post(path, json={"source": "Not A Source"})).status_code == 422
    assert (await rest.post(f"/campaigns/{uuid.uuid4()}/sources", json=acme)).status_code == 404


async def test_cancelling_ends_a_run_once(rest: httpx.AsyncClient) -> None:
    made = await create(rest, sources=[{"source": "sample"}])
    run = (await rest.post(f"/campaigns/{made['campaign_id']}/runs")).json()
    assert (await rest.post(f"/runs/{run['run_id']}/cancel")).json()["state"] == "cancelled"
    assert (await rest.post(f"/runs/{run['run_id']}/cancel")).status_code == 409
    assert (await rest.post("/runs/nobody/cancel")).status_code == 404


async def test_runs_are_listed_in_pages_without_gaps(rest: httpx.AsyncClient) -> None:
    made = await create(rest, sources=[{"source": "sample"}])
    for n in range(5):
        await rest.post(f"/campaigns/{made['campaign_id']}/runs", json={"run_id": f"r{n}"})
    seen: list[str] = []
    cursor: str | None = None
    while True:
        asked = {"limit": 2, "kind": "collect"} | ({"cursor": cursor} if cursor else {})
        page = (await rest.get("/runs", params=asked)).json()
        seen += [r["run_id"] for r in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == ["r4", "r3", "r2", "r1", "r0"]
    assert (await rest.get("/runs", params={"cursor": "bogus"})).status_code == 422


async def test_services_that_are_away_are_named(rest: httpx.AsyncClient) -> None:
    asked = await rest.get("/sources"), await rest.post("/sources/recognise", json={"address": "a.example"})
    for answer in asked:
        assert answer.status_code == 503
        assert "extractor" in answer.json()["title"]
        assert answer.headers["retry-after"]


async def test_unknown_campaigns_have_no_jobs(rest: httpx.AsyncClient) -> None:
    assert (await rest.get(f"/campaigns/{uuid.uuid4()}/jobs")).status_code == 404
