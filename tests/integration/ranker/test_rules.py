"""The ranker goes by the rules that were activated: from the message to the score, without a restart."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from common.contracts import PostingsEnriched, RulesActivated
from common.messaging import rule_sets
from common.messaging.outbox import outgoing, root_headers
from common.settings import config_path
from common.settings.rule_files import RuleFiles
from common.testing.postgres import Database
from common.web.rules import told
from ranker.app import create_app
from ranker.handlers import RankPostings
from ranker.settings import Settings
from tests.integration.ranker.conftest import HEADERS, Ranker
from tests.support.ranking import campaign, job

RANKING = config_path("ranking.yml").read_text("utf8")
NOW = datetime(2026, 11, 21, tzinfo=UTC)


def changed(old: str, new: str) -> RuleFiles:
    assert old in RANKING
    return RuleFiles({"ranking.yml": RANKING.replace(old, new).encode()})


SENIOR = changed("no_preference: leave_out", "no_preference: full")


@pytest.fixture
async def app(database: Database, namespace: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FastAPI]:
    monkeypatch.setattr(rule_sets, "LOOK_SECONDS", 0.0)
    app = create_app(Settings(database_url=database.url("ranker"), namespace=namespace))
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
async def rest(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://ranker") as client:
        yield client


async def activate(app: FastAPI, rest: httpx.AsyncClient, files: RuleFiles, activation: int) -> dict[str, Any]:
    """Send the message and wait until it was heard."""
    name = f"rules:{activation}"
    event = RulesActivated(activation=activation, files=dict(files.changed))
    await app.state.wiring.session.broker.publish([outgoing(event, root_headers(name, name, "", "", NOW), name, "")])
    async with asyncio.timeout(20):
        while (here := (await rest.get("/rules")).json())["activation"] != activation:  # noqa: ASYNC110 - it is the service that is watched
            await asyncio.sleep(0.05)
    return dict(here)


async def test_the_message_switches_the_rules_and_scores_say_so(
    app: FastAPI, rest: httpx.AsyncClient, ranker: Ranker
) -> None:
    before = app.state.wiring.rules
    ranker.rank = RankPostings(ranker.store, before)
    await ranker.campaign(campaign())
    await ranker.jobs(job(1))
    here = await activate(app, rest, SENIOR, 1)
    assert (here["in_use"], here["refused"], "ranking.yml" in here["files"]) == (SENIOR.version, None, True)
    await ranker.jobs(job(1))
    old, new = ranker.ranked[-2:]
    assert old.rules_version != new.rules_version
    assert old.rankings[0].points != new.rankings[0].points


async def test_a_batch_read_before_an_activation_is_ranked_by_the_rules_after_it(
    app: FastAPI, rest: httpx.AsyncClient, ranker: Ranker
) -> None:
    stage, event = RankPostings(ranker.store, app.state.wiring.rules), PostingsEnriched(jobs=[job(1)])
    await ranker.campaign(campaign())
    prepared = await stage.prepare(HEADERS, event)
    await activate(app, rest, SENIOR, 1)
    async with ranker.engine.begin() as conn:
        finished = await stage.apply(conn, HEADERS, event, prepared)
    current = await app.state.wiring.rules.current()
    assert finished.children[0].event.rules_version == current.rules.version
    assert current.rules.file.no_preference == "full"


async def test_rules_that_cannot_be_used_are_refused_told_at_readyz_and_the_old_ones_stay(
    app: FastAPI, rest: httpx.AsyncClient
) -> None:
    here = await activate(app, rest, changed("no_preference: leave_out", "no_preference: perhaps"), 1)
    assert here["in_use"] == "shipped"
    assert "no_preference" in here["refused"]
    ready = await rest.get("/readyz")
    assert ready.status_code == 200
    assert "no_preference" in ready.json()["detail"]
    assert 'posthorn_rules_refused{service="ranker"} 1.0' in (await rest.get("/metrics")).text
    await activate(app, rest, SENIOR, 2)
    assert "detail" not in (await rest.get("/readyz")).json()
    assert 'posthorn_rules_refused{service="ranker"} 0.0' in (await rest.get("/metrics")).text


async def test_a_set_can_be_tried_and_every_fault_is_told(rest: httpx.AsyncClient) -> None:
    answer = await rest.put(f"/rules/{SENIOR.version}", json={"files": told(SENIOR)})
    assert (answer.status_code, answer.json()["in_use"]) == (200, "shipped")
    bad = RuleFiles({"ranking.yml": b"version: [", "fx_rates.yml": b"version: 1"})
    answer = await rest.put(f"/rules/{bad.version}", json={"files": told(bad)})
    assert answer.status_code == 422
    faults = {fault["pointer"]: fault["detail"] for fault in answer.json()["errors"]}
    assert set(faults) == {"/body/files/ranking.yml", "/body/files/fx_rates.yml"}
    assert "line 1" in faults["/body/files/ranking.yml"]
    wrong = await rest.put(f"/rules/{SENIOR.version}", json={"files": {"ranking.yml": "x"}})
    assert wrong.status_code == 422
    large = await rest.put(f"/rules/{SENIOR.version}", json={"files": {"ranking.yml": "#" * 1_400_000}})
    assert (large.status_code, "1310720 at most" in large.json()["detail"]) == (413, True)
