"""Quarantine through the gateway, on its own entries: looked at, discarded, replayed as runs that complete."""

import asyncio
import uuid
from datetime import UTC, datetime
from typing import Any

import httpx
import msgspec
import pytest
import sqlalchemy as sa
from fastapi import FastAPI

from common.contracts import Headers, Job, PostingsRanked, UnitFinished, encode, event_id, unit_id
from common.messaging.protocol import FOREIGN
from common.messaging.quarantine import Quarantine
from common.messaging.unit import Quarantined
from gateway.tables import metadata

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
QUARANTINE = Quarantine("gateway")
CAMPAIGN = {
    "campaign_name": "c", "query": "q", "country": "ca", "email": "a@example.com", "date_window": "all",
    "schedule_cron": None, "sources": [{"source": "sample"}],
}  # fmt: skip


@pytest.fixture
async def old_run(rest: httpx.AsyncClient) -> str:
    """A run that the quarantined messages are of."""
    campaign = (await rest.post("/campaigns", json=CAMPAIGN)).json()["campaign_id"]
    return str((await rest.post(f"/campaigns/{campaign}/runs", json={})).json()["run_id"])


def ranked(number: int) -> PostingsRanked:
    job = Job(
        hash_key=f"{number:032x}", version=1, source="sample", source_job_id=str(number), title=f"Engineer {number}",
        company="Acme", rules_version="r", outcome="new",
    )  # fmt: skip
    return PostingsRanked(hash_keys=[job.hash_key], versions=[1], rules_version="r", rankings=[], jobs=[job])


async def set_aside(app: FastAPI, run_id: str, count: int, reason: str = "bad_deploy", **changed: Any) -> None:
    """That many whole messages with one new posting each."""
    async with app.state.wiring.session.engine.begin() as conn:
        for number in range(count):
            body, sha256 = encode(ranked(number))
            unit = unit_id("publish", run_id, reason, number)
            headers = Headers(
                event_id=event_id(run_id, unit, PostingsRanked.event_type), event_type=PostingsRanked.event_type,
                run_id=run_id, unit_id=unit, stage="publish", first_at=NOW, sha256=sha256, postings=1,
            )  # fmt: skip
            headers = msgspec.structs.replace(headers, **changed)
            await QUARANTINE.set_aside(conn, headers, [Quarantined(reason, "why\x00")], body)


async def listed(rest: httpx.AsyncClient, **asked: Any) -> list[Any]:
    found: list[Any] = []
    cursor = None
    while True:
        answer = await rest.get("/quarantine/gateway", params=asked | ({"cursor": cursor} if cursor else {}))
        assert answer.status_code == 200, answer.text
        found += answer.json()["items"]
        cursor = answer.json()["next_cursor"]
        if cursor is None:
            return found


async def post(rest: httpx.AsyncClient, what: str, body: Any, status: int) -> Any:
    answer = await rest.post(f"/quarantine/gateway/{what}", json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


async def ended(rest: httpx.AsyncClient, run_id: str) -> Any:
    async with asyncio.timeout(30):
        while True:
            run = (await rest.get(f"/runs/{run_id}")).json()
            if run["state"] != "running":
                return run
            await asyncio.sleep(0.05)


async def rows(app: FastAPI, table: str) -> list[Any]:
    async with app.state.wiring.session.engine.connect() as conn:
        return list((await conn.execute(sa.select(metadata.tables[f"gateway.{table}"]))).all())


async def test_entries_are_listed_page_by_page_and_narrowed(app: FastAPI, rest: httpx.AsyncClient) -> None:
    await set_aside(app, "one", 5)
    await set_aside(app, "two", 2, "killer")
    everything = await listed(rest, limit=2)
    assert len({e["id"] for e in everything}) == len(everything) == 7
    assert [e["created_at"] for e in everything] == sorted((e["created_at"] for e in everything), reverse=True)
    assert {e["run_id"] for e in await listed(rest, reason="killer")} == {"two"}
    assert len(await listed(rest, run_id="one", stage="publish", state="open")) == 5
    assert await listed(rest, state="replayed") == []
    for wrong in ({"cursor": "x"}, {"state": "lost"}, {"limit": 0}, {"run_id": "a b"}):
        assert (await rest.get("/quarantine/gateway", params=wrong)).status_code == 422


async def test_an_entry_shows_its_payload_and_what_was_done_with_it(app: FastAPI, rest: httpx.AsyncClient) -> None:
    await set_aside(app, "one", 1)
    (entry,) = await listed(rest)
    shown = (await rest.get(f"/quarantine/gateway/{entry['id']}")).json()
    assert shown["event"]["jobs"][0]["title"] == "Engineer 0"
    assert (shown["item"], shown["is_message"], shown["headers"]["run_id"]) == (None, True, "one")
    assert shown["history"] == []
    assert (await rest.get(f"/quarantine/gateway/{uuid.uuid4()}")).status_code == 404


async def test_a_payload_of_any_kind_can_be_shown(app: FastAPI, rest: httpx.AsyncClient) -> None:
    deep: Any = "\x00\U0001f600"
    for _ in range(400):
        deep = [deep]
    headers = Headers(event_id="e", event_type=FOREIGN, run_id="", unit_id="u", stage="", first_at=NOW, sha256="")
    async with app.state.wiring.session.engine.begin() as conn:
        odd = [Quarantined("odd", "why", {"deep": deep, "big": 10**40}, "page#1")]
        await QUARANTINE.set_aside(conn, headers, odd, b"\xff no json")
    (entry,) = await listed(rest)
    shown = (await rest.get(f"/quarantine/gateway/{entry['id']}")).json()
    assert shown["item"] == {"deep": deep, "big": 10**40}
    assert shown["event"] is None


async def test_discarding_needs_a_reason_is_on_record_and_happens_once(app: FastAPI, rest: httpx.AsyncClient) -> None:
    await set_aside(app, "one", 3)
    await post(rest, "discard", {"run_id": "one"}, 422)
    one = (await listed(rest))[0]["id"]
    body = {"ids": [one], "because": "spam"}
    assert [await post(rest, "discard", body, 200) for _ in range(2)] == [{"discarded": 1}, {"discarded": 0}]
    shown = (await rest.get(f"/quarantine/gateway/{one}")).json()
    assert shown["state"] == "discarded"
    assert [(h["action"], h["reason"]) for h in shown["history"]] == [("discarded", "spam")]
    assert len(await listed(rest, state="open")) == 2
    assert len(await rows(app, "quarantine_audit")) == 1


@pytest.mark.parametrize("what", ["select", "discard", "replay"])
async def test_a_selection_of_nothing_is_refused_and_says_what_to_give(rest: httpx.AsyncClient, what: str) -> None:
    because = {"because": "spam"} if what == "discard" else {}
    for empty in ({}, {"ids": []}, {"run_id": None}):
        problem = await post(rest, what, empty | because, 422)
        assert "ids" in str(problem["errors"])
    assert "run_id, reason and stage" in str((await post(rest, what, because, 422))["errors"])
    await post(rest, what, {"run": "misspelled", "run_id": "one"} | because, 422)


async def test_replaying_three_times_has_one_effect_and_the_books_balance(
    app: FastAPI, rest: httpx.AsyncClient, old_run: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.routes.quarantine.MOST_ENTRIES", 50)
    await set_aside(app, old_run, 70)
    before = (await rest.get(f"/runs/{old_run}")).json()
    answers = await asyncio.gather(*(post(rest, "replay", {"run_id": old_run}, 202) for _ in range(3)))
    begun = {run["run_id"]: run for answer in answers for run in answer["runs"]}
    assert {run["entries"] for run in begun.values()} >= {50, 20}
    runs = [await ended(rest, run_id) for run_id in begun]
    assert sum(run["books"]["fetched"] for run in runs) == 70
    assert sum(run["books"]["new"] for run in runs) == 70
    for run in runs:
        assert (run["kind"], run["trigger"], run["replay_of"]) == ("replay", "replay", old_run)
        assert (run["books"]["balanced"], run["status"]) == (True, "succeeded")
        assert run["campaign_id"] == before["campaign_id"]
    again = await post(rest, "replay", {"run_id": old_run}, 202)
    assert again["runs"] == []
    working = {run["run_id"] for run in runs if run["books"]["fetched"]}
    assert set(again["replayed_by"]) == working
    assert "Nothing is left to replay" in again["detail"]
    assert (await rest.get(f"/runs/{old_run}")).json() == before
    assert len(await rows(app, "job")) == 70
    audit = await rows(app, "quarantine_audit")
    assert len(audit) == len({a.quarantine_id for a in audit}) == 70
    assert {a.run_id for a in audit} == working


async def test_what_cannot_be_replayed_is_named_with_the_reason(
    app: FastAPI, rest: httpx.AsyncClient, old_run: str
) -> None:
    await set_aside(app, old_run, 1)
    await set_aside(app, "of somebody else", 2)
    await set_aside(app, old_run, 3, "dead_letter", event_type=UnitFinished.event_type)
    everything = {"ids": [e["id"] for e in await listed(rest)]}
    chosen = await post(rest, "select", everything, 200)
    assert {g["run_id"]: len(g["ids"]) for g in chosen["groups"]} == {old_run: 1, "of somebody else": 2}
    answer = await post(rest, "replay", everything, 202)
    assert [run["entries"] for run in answer["runs"]] == [1]
    assert {s["reason"]: len(s["ids"]) for s in answer["skipped"]} == {"no_unit_of_a_run": 3, "run_unknown": 2}
    await ended(rest, answer["runs"][0]["run_id"])
    assert "None of these entries" in (await post(rest, "replay", everything, 202))["detail"]
    assert (await post(rest, "replay", {"reason": "nothing-of-this"}, 202))["detail"] == "No open entry fits."


async def test_entries_that_could_not_be_read_can_be_replayed_again_later(
    app: FastAPI, rest: httpx.AsyncClient, old_run: str
) -> None:
    await set_aside(app, old_run, 1, sha256="of something else")
    runs = []
    for _ in range(2):
        (begun,) = (await post(rest, "replay", {"run_id": old_run}, 202))["runs"]
        runs.append(await ended(rest, begun["run_id"]))
    assert len({run["run_id"] for run in runs}) == 2
    for run in runs:
        assert (run["books"]["fetched"], run["books"]["failed"], run["books"]["balanced"]) == (1, 1, True)
        assert run["status"] == "partial"


async def test_a_service_that_is_away_is_named(rest: httpx.AsyncClient) -> None:
    answer = await rest.post("/quarantine/ranker/replay", json={"reason": "killer"})
    assert answer.status_code == 503
    assert "ranker" in answer.json()["title"]
