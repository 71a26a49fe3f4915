"""Rule sets at the gateway: added where every service can use them, activated, heard of by all, rolled back."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
import yaml
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine

from common.contracts import CampaignChanged, RulesActivated, WindowRequested, decode
from common.database import create_engine
from common.messaging import rule_sets
from common.messaging.rule_sets import RuleSets
from common.settings import config_path
from common.settings.rule_files import SHIPPED, RuleFiles
from common.testing.postgres import Database
from common.web.problems import add_problem_handlers
from common.web.rules import router
from gateway.app import create_app
from gateway.handlers import rules as watching
from gateway.handlers.rules import RuleWatch
from gateway.settings import Settings
from gateway.tables import metadata
from tests.integration.gateway.test_replays import CAMPAIGN, post, sent

BEHIND = ("extractor", "normalizer", "enricher", "ranker")
READS = {
    "extractor": ["companies.yml"],
    "normalizer": ["dq.yml", "enums.yml"],
    "enricher": ["pay.yml", "enums.yml"],
    "ranker": ["ranking.yml"],
}
WHO = {"by": "ann", "reason": "because"}
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def mapping(content: bytes) -> Any:
    if not isinstance(found := yaml.safe_load(content), dict):
        raise TypeError("no mapping")
    return found


def build(files: RuleFiles) -> dict[str, Any]:
    """Any YAML mapping is good."""
    return files.parsed(dict.fromkeys(files.changed, mapping))


def refuse(files: RuleFiles) -> dict[str, Any]:
    """Of a service that can only use what was shipped."""
    if files.changed:
        raise ValueError("a field that this build does not know")
    return {}


@dataclass
class Services:
    """What stands behind the gateway: the rules of each service, over its real routes, and who is away."""

    rules: dict[str, RuleSets[Any]] = field(default_factory=dict)
    engines: dict[str, AsyncEngine] = field(default_factory=dict)
    away: set[str] = field(default_factory=set)

    def transport(self, service: str) -> httpx.AsyncBaseTransport:
        app = FastAPI()
        add_problem_handlers(app)
        app.include_router(router)
        app.state.wiring = SimpleNamespace(rules=self.rules[service])
        inner, away = httpx.ASGITransport(app), self.away

        class Door(httpx.AsyncBaseTransport):
            async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
                if service in away:
                    raise httpx.ConnectError("away")
                return await inner.handle_async_request(request)

        return Door()


@pytest.fixture
async def services(database: Database, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Services]:
    monkeypatch.setattr(rule_sets, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(watching, "_LOOK_SECONDS", 3600.0)
    async with AsyncExitStack() as stack:
        behind = Services()
        for service in BEHIND:
            engine = behind.engines[service] = create_engine(database.url(service), role_application="test")
            stack.push_async_callback(engine.dispose)
            behind.rules[service] = RuleSets(service, READS[service], build)
            await behind.rules[service].open(engine)
        yield behind


@pytest.fixture
async def app(database: Database, services: Services) -> AsyncIterator[FastAPI]:
    settings = Settings(database_url=database.url("gateway"), auth_disabled=True, scheduler_enabled=False)
    app = create_app(settings, {service: services.transport(service) for service in BEHIND})
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
def watch(app: FastAPI) -> RuleWatch:
    wired = app.state.wiring
    return RuleWatch(wired.session, wired.rules, wired.campaigns, wired.runs, wired.services)


async def add(rest: httpx.AsyncClient, files: dict[str, str], status: int = 201, **more: str) -> Any:
    return await post(rest, "/rules", {"files": files, **WHO, **more}, status)


async def activate(rest: httpx.AsyncClient, version: str, status: int = 200) -> Any:
    return await post(rest, f"/rules/{version}/activate", WHO, status)


async def hear(app: FastAPI, services: Services, *names: str) -> None:
    """What these services do once the last message about rules has come."""
    event: RulesActivated = (await sent(app, RulesActivated))[-1]
    for name in names or BEHIND:
        await services.rules[name].activate(RuleFiles(event.files), event.activation)


async def test_a_set_is_added_where_all_services_can_use_it_and_every_fault_is_told(rest: httpx.AsyncClient) -> None:
    added = await add(rest, {"ranking.yml": "a: 1"})
    assert added == {"version": RuleFiles({"ranking.yml": b"a: 1"}).version, "files": {"ranking.yml": "a: 1"}}
    assert (await rest.get(f"/rules/{added['version']}")).json() == added
    refused = await add(rest, {"pay.yml": "- list", "enums.yml": "word", "weather.yml": "a: 1"}, 422)
    assert {e["pointer"].rpartition("/")[2]: e["detail"].split(":")[0] for e in refused["errors"]} == {
        "pay.yml": "enricher", "enums.yml": "enricher"
    }  # fmt: skip
    unread = await add(rest, {"weather.yml": "a: 1"}, 422)
    assert "those read are companies.yml, dq.yml, enums.yml, pay.yml, ranking.yml" in unread["errors"][0]["detail"]
    await add(rest, {}, 422)
    await add(rest, {"ranking.yml": "#" * 1_400_000}, 413)
    await add(rest, {"../passwd.yml": "a: 1"}, 422)
    sets = (await rest.get("/rules")).json()["sets"]
    assert [(s["version"], s["files"]) for s in sets] == [(added["version"], ["ranking.yml"])]


async def test_a_set_is_not_added_while_a_service_cannot_be_asked(rest: httpx.AsyncClient, services: Services) -> None:
    services.away.add("enricher")
    assert "enricher" in (await add(rest, {"ranking.yml": "a: 1"}, 503))["title"]
    assert (await rest.get("/rules")).json()["sets"] == []
    assert [s["state"] for s in (await rest.get("/rules")).json()["services"]] == [
        "in_use",
        "in_use",
        "away",
        "in_use",
        "in_use",
    ]


async def test_an_activation_reaches_all_and_rollbacks_lead_back_to_the_shipped_rules(
    rest: httpx.AsyncClient, app: FastAPI, services: Services
) -> None:
    one = (await add(rest, {"ranking.yml": "a: 1"}))["version"]
    first = await activate(rest, one)
    assert (first["activation"], first["version"]) == (1, one)
    assert [s["state"] for s in first["services"]] == ["behind"] * 4 + ["in_use"]
    await hear(app, services)
    both = await add(rest, {"pay.yml": "b: 2"})
    assert both["files"] == {"ranking.yml": "a: 1", "pay.yml": "b: 2"}, "a set stands on the one in use"
    alone = await add(rest, {"pay.yml": "b: 2"}, base="shipped")
    assert alone["files"] == {"pay.yml": "b: 2"}
    await activate(rest, both["version"])
    assert (await activate(rest, both["version"]))["activation"] == 2, "it is in use already"
    await hear(app, services)
    found = (await rest.get("/rules")).json()
    assert [(s["state"], s["rules"]["in_use"]) for s in found["services"]] == [("in_use", both["version"])] * 5
    versions = [(await post(rest, "/rules/rollback", WHO, 200))["version"] for _ in range(2)]
    assert versions == [one, SHIPPED]
    await post(rest, "/rules/rollback", WHO, 409)
    await hear(app, services)
    found = (await rest.get("/rules")).json()
    assert [(s["state"], s["rules"]["in_use"]) for s in found["services"]] == [("in_use", SHIPPED)] * 5
    assert [(c["action"], c["activation"]) for c in found["changes"]] == [
        ("rolled_back", 4), ("rolled_back", 3), ("activated", 2), ("added", None), ("added", None), ("activated", 1),
        ("added", None),
    ]  # fmt: skip
    assert {(c["by"], c["reason"]) for c in found["changes"]} == {("ann", "because")}
    await activate(rest, "0" * 12, 404)


async def test_a_service_that_refuses_is_named_with_the_reason(
    rest: httpx.AsyncClient, app: FastAPI, services: Services
) -> None:
    one = (await add(rest, {"ranking.yml": "a: 1"}))["version"]
    # Another build of the ranker, which shares its database.
    older = RuleSets("ranker", READS["ranker"], refuse)
    await older.open(services.engines["ranker"])
    services.rules["ranker"] = older
    await activate(rest, one)
    await hear(app, services)
    found = {s["service"]: s for s in (await rest.get("/rules")).json()["services"]}
    assert {name: each["state"] for name, each in found.items()} == {
        "extractor": "in_use", "normalizer": "in_use", "enricher": "in_use", "ranker": "refused", "gateway": "in_use"
    }  # fmt: skip
    assert "does not know" in found["ranker"]["rules"]["refused"]
    assert found["ranker"]["rules"]["in_use"] == SHIPPED


async def test_who_lost_the_message_is_told_again_until_all_have_heard(
    rest: httpx.AsyncClient, app: FastAPI, services: Services, watch: RuleWatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "_AGAIN_SECONDS", 0.0)
    await watch.look(NOW)
    await activate(rest, (await add(rest, {"ranking.yml": "a: 1"}))["version"])
    await hear(app, services, "normalizer", "ranker")
    assert await queued(app, "enricher.control") == 1
    await purge(app)
    await watch.look(NOW)
    await watch.look(NOW)
    (told,) = await messages(app, "enricher.control")
    assert (told.activation, told.files) == (1, {"ranking.yml": b"a: 1"})
    await hear(app, services)
    await purge(app)
    await watch.look(NOW)
    await watch.look(NOW)
    assert await queued(app, "enricher.control") == 0


async def test_campaigns_are_ranked_anew_once_the_ranker_goes_by_other_ranking_rules(
    rest: httpx.AsyncClient, app: FastAPI, services: Services, watch: RuleWatch
) -> None:
    await post(rest, "/campaigns", CAMPAIGN, 201)
    before = len(await sent(app, CampaignChanged))
    await activate(rest, (await add(rest, {"ranking.yml": "a: 1"}))["version"])
    await watch.look(NOW)
    assert len(await sent(app, CampaignChanged)) == before, "the ranker has not heard of it"
    await hear(app, services)
    await watch.look(NOW)
    await watch.look(NOW)
    changed = await sent(app, CampaignChanged)
    assert (len(changed), changed[-1].campaign.version) == (before + 1, 2)
    runs = (await rest.get("/runs")).json()["items"]
    assert [run["kind"] for run in runs if run["trigger"] == "rules"] == ["rerank"]
    await activate(rest, (await add(rest, {"pay.yml": "b: 2"}))["version"])
    await hear(app, services)
    await watch.look(NOW)
    assert len(await sent(app, CampaignChanged)) == before + 1, "what the ranker reads has not changed"
    await post(rest, "/rules/rollback", WHO, 200)
    await post(rest, "/rules/rollback", WHO, 200)
    await hear(app, services)
    await watch.look(NOW)
    assert len(await sent(app, CampaignChanged)) == before + 2


async def test_a_set_is_tried_in_a_dry_run_whose_messages_name_it(
    rest: httpx.AsyncClient, app: FastAPI, services: Services
) -> None:
    version = (await add(rest, {"ranking.yml": "a: 1"}))["version"]
    run = await post(rest, f"/rules/{version}/diff", {"by": "ann", "sources": ["lever"]})
    assert (run["window"]["rule_set"], run["window"]["dry_run"]) == (version, True)
    (event,) = await sent(app, WindowRequested)
    assert (event.mode, event.sources) == ("dry_run", ["lever"])
    assert await rule_sets_named(app) == [version]
    change = (await rest.get("/rules")).json()["changes"][0]
    assert (change["action"], change["version"], change["run_id"]) == ("tried", version, run["run_id"])
    for last, first in (("1304-02-17", "1304-02-10"), ("0001-01-02", "0001-01-01")):
        run = await post(rest, f"/rules/{version}/diff", {"by": "ann", "to": last})
        assert (run["window"]["from"], run["window"]["to"]) == (first, last)
    await post(rest, f"/rules/{version}/diff", {"by": "ann", "run_ids": ["0" * 201]}, 422)
    await post(rest, f"/rules/{'0' * 12}/diff", {"by": "ann"}, 404)
    services.away.add("normalizer")
    await post(rest, f"/rules/{version}/diff", {"by": "ann"}, 503)


async def rule_sets_named(app: FastAPI) -> list[str]:
    outbox = metadata.tables["gateway.outbox"]
    async with app.state.wiring.session.engine.connect() as conn:
        rows = (await conn.execute(sa.select(outbox.c.headers))).scalars().all()
    return [h["rule_set"] for h in rows if h["event_type"] == WindowRequested.event_type]


async def messages(app: FastAPI, queue: str) -> list[RulesActivated]:
    """What is in the queue of a service that does not run here; of messages told twice only one."""
    async with app.state.wiring.session.engine.connect() as conn:
        query = sa.text("SELECT headers, body FROM broker.message WHERE queue = :queue ORDER BY id LIMIT 1")
        rows = (await conn.execute(query, {"queue": queue})).all()
    return [decode(RulesActivated, row.body, row.headers["sha256"]) for row in rows]


async def queued(app: FastAPI, queue: str) -> int:
    async with app.state.wiring.session.engine.connect() as conn:
        query = sa.text("SELECT count(*) FROM broker.message WHERE queue = :queue")
        return int((await conn.execute(query, {"queue": queue})).scalar_one())


async def purge(app: FastAPI) -> None:
    async with app.state.wiring.session.engine.begin() as conn:
        await conn.execute(sa.text("DELETE FROM broker.message"))


async def test_the_gateway_judges_runs_by_activated_rules_too(rest: httpx.AsyncClient, app: FastAPI) -> None:
    refused = await add(rest, {"dq.yml": "rules: none"}, 422)
    assert [e["detail"].split(":")[0] for e in refused["errors"]] == ["gateway"]
    shipped = config_path("dq.yml").read_text("utf8")
    version = (await add(rest, {"dq.yml": shipped + "# more\n"}))["version"]
    await activate(rest, version)
    judged_by = (await app.state.wiring.session.rules.current()).rules.version
    assert judged_by.endswith(f"+{version}")
