"""The quality gate: results wait for their run's verdict, then are published, or blocked until somebody decides."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from fastapi import FastAPI

from common.contracts import Headers, PostingsRanked, PostingsWithheld, RunCompleted, UnitFinished, decode
from common.messaging.outbox import outgoing, root_headers
from common.messaging.session import Session, open_session
from common.settings.rule_files import RuleFiles
from common.testing.postgres import Database
from gateway.domain.campaign import CampaignCriteria
from gateway.handlers.releasing import MOST_ATTEMPTS
from gateway.settings import Settings
from gateway.store.campaigns import CampaignStore, Row
from gateway.store.holding import Holding
from gateway.store.publishing import Publisher
from gateway.store.quality import QualityStore
from gateway.store.rule_files import run_rules
from gateway.store.runs import RunStore
from gateway.tables import held, job, metadata, quality_result, run, unit
from gateway.wiring import QualityGate, quality_gate
from tests.integration.gateway.test_campaigns import create
from tests.integration.gateway.test_jobs import batch
from tests.integration.gateway.test_jobs import job as a_job
from tests.support.rules import FixedRules

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
CRITERIA = CampaignCriteria(
    campaign_name="c", query="q", country="ca", email="a@example.com", date_window="all", schedule_cron=None
)
GOOD = {"new": 100}
#: More than half of the postings, which no run may publish.
BAD = {"new": 40, "rejected": 60}
RULES = FixedRules(run_rules(RuleFiles()))


@dataclass
class Gateway:
    """The stages of the gateway on a database, driven step by step."""

    session: Session
    settings: Settings
    gate: QualityGate
    campaign: Row

    async def begin(self, run_id: str, kind: str = "collect") -> None:
        runs = RunStore(self.session.outbox, timedelta(hours=1))
        async with self.session.engine.begin() as conn:
            await runs.collect(conn, self.campaign, [], run_id, "request", NOW)
            await conn.execute(sa.update(run).where(run.c.run_id == run_id).values(kind=kind))

    async def bring(self, run_id: str, name: str, event: PostingsRanked, stage: str = "publish") -> None:
        """A ranked batch arrives, as the runner hands it over."""
        headers = _headers(run_id, name, stage, event)
        prepared = await self.gate.publish.prepare(headers, event)
        async with self.session.engine.begin() as conn:
            await self.gate.publish.apply(conn, headers, event, prepared)

    def batch(self, *numbers: int, **more: Any) -> PostingsRanked:
        campaign = {"campaign_id": str(self.campaign.campaign_id), "version": self.campaign.version}
        return batch(campaign, [a_job(n, **more) for n in numbers], [1000 * (n + 1) for n in numbers])

    async def finish(self, run_id: str, counts: Any, **more: Any) -> list[RunCompleted]:
        """The run's only unit ends; what is said of the run's end."""
        async with self.session.engine.begin() as conn:
            root = (await conn.execute(sa.select(unit.c.unit_id).where(unit.c.run_id == run_id))).scalars().first()
            end = UnitFinished(
                run_id=run_id, unit_id=root or "", stage="start", fetched=sum(counts.values()),
                counts=counts, source="sample", **more,
            )  # fmt: skip
            said = await self.gate.ledger.apply(conn, [end])
        return [decode(RunCompleted, m.body, m.headers.sha256) for m in said]

    async def jobs(self) -> list[str]:
        async with self.session.engine.connect() as conn:
            return sorted((await conn.execute(sa.select(job.c.title))).scalars())

    async def held(self, run_id: str) -> int:
        query = sa.select(sa.func.count()).select_from(held).where(held.c.run_id == run_id)
        async with self.session.engine.connect() as conn:
            return int((await conn.execute(query)).scalar_one())

    async def state(self, run_id: str) -> tuple[str, str | None]:
        async with self.session.engine.connect() as conn:
            row = (await conn.execute(sa.select(run.c.state, run.c.gate).where(run.c.run_id == run_id))).one()
        return row.state, row.gate

    async def results(self, run_id: str) -> dict[str, Any]:
        async with self.session.engine.connect() as conn:
            rows = await conn.execute(sa.select(quality_result).where(quality_result.c.run_id == run_id))
            return {f"{row.reason} {row.source}".strip(): row for row in rows}

    async def said(self, run_id: str) -> list[str]:
        """The status with which the run's end is told, each time."""
        outbox = metadata.tables["gateway.outbox"]
        query = sa.select(outbox.c.headers, outbox.c.body).where(
            outbox.c.headers["run_id"].astext == run_id, outbox.c.headers["event_type"].astext == "run.completed.v1"
        )
        async with self.session.engine.connect() as conn:
            rows = (await conn.execute(query.order_by(outbox.c.seq))).all()
        return [decode(RunCompleted, row.body, row.headers["sha256"]).status for row in rows]

    async def withheld(self) -> dict[str, int]:
        """The postings that others are told nobody sees, each once, with their versions."""
        outbox = metadata.tables["gateway.outbox"]
        query = sa.select(outbox.c.headers, outbox.c.body).where(
            outbox.c.headers["event_type"].astext == PostingsWithheld.event_type
        )
        async with self.session.engine.connect() as conn:
            rows = (await conn.execute(query)).all()
        told = [decode(PostingsWithheld, row.body, row.headers["sha256"]) for row in rows]
        pairs = [pair for event in told for pair in zip(event.hash_keys, event.versions, strict=True)]
        assert len(pairs) == len(dict(pairs))
        return dict(pairs)

    async def decide(self, run_id: str, gate: Any) -> None:
        async with self.session.engine.begin() as conn:
            await QualityStore().decide(conn, run_id, gate, "me", "I have looked")


def _headers(run_id: str, name: str, stage: str, event: PostingsRanked) -> Headers:
    template = root_headers(run_id, name, stage, "", NOW)
    return outgoing(event, template, name, stage, len(event.jobs)).headers


@pytest.fixture
async def gateway(database: Database, request: pytest.FixtureRequest) -> AsyncIterator[Gateway]:
    enforce = getattr(request, "param", True)
    settings = Settings(database_url=database.url("gateway"), auth_disabled=True, dq_enforce=enforce)
    async with open_session("gateway", settings) as session:
        async with session.engine.begin() as conn:
            campaign = await CampaignStore().create(conn, CRITERIA, NOW)
        yield Gateway(session, settings, quality_gate(session, settings, RULES), campaign)


async def test_results_of_a_run_are_seen_once_it_has_passed_and_only_then_it_has_ended(gateway: Gateway) -> None:
    await gateway.begin("good")
    await gateway.bring("good", "a", gateway.batch(0, 1))
    await gateway.bring("good", "b", gateway.batch(2))
    assert await gateway.jobs() == []
    assert await gateway.finish("good", GOOD) == []
    assert await gateway.state("good") == ("running", "passed")
    assert await gateway.gate.releaser.release() == 2
    assert await gateway.jobs() == ["Job 0", "Job 1", "Job 2"]
    assert await gateway.state("good") == ("completed", "passed")
    assert await gateway.said("good") == ["succeeded"]
    assert await gateway.gate.releaser.release() == 0
    assert await gateway.said("good") == ["succeeded"]


async def test_a_run_that_brings_nothing_ends_at_once(gateway: Gateway) -> None:
    await gateway.begin("empty")
    (end,) = await gateway.finish("empty", {})
    assert end.status == "succeeded"


async def test_a_blocked_run_shows_nothing_says_why_and_is_released_by_hand(gateway: Gateway) -> None:
    await gateway.begin("before")
    await gateway.bring("before", "a", gateway.batch(0, title="Good"))
    await gateway.finish("before", GOOD)
    await gateway.gate.releaser.release()
    await gateway.begin("bad")
    await gateway.bring("bad", "a", gateway.batch(0, version=2, title="Odd"))
    (end,) = await gateway.finish("bad", BAD)
    assert (end.status, end.errors) == ("blocked", [
        "quality: rejected_share_high: rejected / fetched is 0.6, at most 0.5"
    ])  # fmt: skip
    assert await gateway.gate.releaser.release() == 0
    assert await gateway.jobs() == ["Good"]
    await gateway.bring("bad", "late", gateway.batch(1))
    assert (await gateway.jobs(), await gateway.held("bad")) == (["Good"], 2)
    await gateway.decide("bad", "released")
    assert await gateway.gate.releaser.release() == 2
    assert await gateway.jobs() == ["Job 1", "Odd"]
    assert await gateway.said("bad") == ["blocked", "succeeded"]
    await gateway.gate.releaser.release()
    assert await gateway.said("bad") == ["blocked", "succeeded"]


async def test_a_crash_between_verdict_and_release_loses_and_doubles_nothing(gateway: Gateway) -> None:
    await gateway.begin("cut")
    for n in range(5):
        await gateway.bring("cut", f"u{n}", gateway.batch(n))
    await gateway.finish("cut", GOOD)
    async with gateway.session.engine.connect() as conn:
        # A process that dies with a batch in hand: nothing of it is committed.
        await Publisher().publish(conn, gateway.batch(0))
        await Holding().drop(conn, "cut", ["u0"])
    assert (await gateway.jobs(), await gateway.held("cut")) == ([], 5)
    # The next process, and one beside it.
    other = quality_gate(gateway.session, gateway.settings, RULES)
    released = await asyncio.gather(gateway.gate.releaser.release(), other.releaser.release())
    assert (sum(released), len(await gateway.jobs())) == (5, 5)
    assert await gateway.said("cut") == ["succeeded"]


async def test_batches_are_released_past_one_that_has_to_wait(gateway: Gateway) -> None:
    await gateway.begin("wide")
    for n in range(5):
        await gateway.bring("wide", f"u{n}", gateway.batch(n))
    await gateway.finish("wide", GOOD)
    async with gateway.session.engine.begin() as conn:
        await Publisher().publish(conn, gateway.batch(4))  # or all would wait for its list of factors
    async with gateway.session.engine.connect() as conn:
        await Publisher().publish(conn, gateway.batch(0))  # whoever publishes this job waits for our end
        released = asyncio.create_task(gateway.gate.releaser.release())
        async with asyncio.timeout(5):
            while await gateway.held("wide") == 5:
                pass
        assert not released.done()
    assert (await released, len(await gateway.jobs())) == (5, 5)
    assert await gateway.said("wide") == ["succeeded"]


async def test_a_run_being_released_is_neither_probed_nor_timed_out_nor_ended_twice(gateway: Gateway) -> None:
    await gateway.begin("calm")
    await gateway.bring("calm", "a", gateway.batch(0))
    await gateway.finish("calm", GOOD)
    async with gateway.session.engine.begin() as conn:
        await conn.execute(sa.update(run).values(deadline_at=NOW - timedelta(days=1)))
        assert await gateway.gate.ledger.time_out(conn) == []
        assert await gateway.gate.ledger.cancel(conn, "calm") == []
        assert await gateway.gate.ledger.complete(conn, "calm") == []
    await gateway.gate.releaser.release()
    assert await gateway.state("calm") == ("completed", "passed")


async def test_what_comes_after_the_end_is_published_at_once(gateway: Gateway) -> None:
    await gateway.begin("over")
    await gateway.finish("over", GOOD)
    await gateway.bring("over", "late", gateway.batch(3))
    assert await gateway.jobs() == ["Job 3"]


async def test_what_was_held_while_the_run_ended_is_found_by_the_sweep(gateway: Gateway) -> None:
    await gateway.begin("race")
    await gateway.bring("race", "a", gateway.batch(0))
    async with gateway.session.engine.begin() as conn:
        # The batch committed behind the look for held ones.
        values = {"state": "completed", "ending": "completed", "gate": "passed", "completed_at": NOW}
        await conn.execute(sa.update(run).values(values))
    assert await gateway.gate.releaser.release() == 0
    await gateway.gate.releaser.sweep()
    assert await gateway.gate.releaser.release() == 1
    assert (await gateway.jobs(), await gateway.said("race")) == (["Job 0"], [])


@pytest.mark.parametrize(("run_id", "kind", "stage"), [("r", "rerank", "publish"), ("r", "collect", "")])
async def test_side_work_and_reranks_are_not_held(gateway: Gateway, run_id: str, kind: str, stage: str) -> None:
    await gateway.begin(run_id, kind)
    await gateway.bring(run_id, "a", gateway.batch(0), stage)
    assert await gateway.jobs() == ["Job 0"]


@pytest.mark.parametrize("gateway", [False], indirect=True)
async def test_without_enforcing_the_verdict_is_only_told(gateway: Gateway) -> None:
    await gateway.begin("told")
    await gateway.bring("told", "a", gateway.batch(0))
    assert await gateway.jobs() == ["Job 0"]
    (end,) = await gateway.finish("told", BAD)
    assert end.status == "succeeded"
    assert await gateway.state("told") == ("completed", "reported")
    assert (await gateway.results("told"))["rejected_share_high"].verdict == "failed"


async def test_a_discarded_run_stays_unseen_and_is_dropped_after_thirty_days(gateway: Gateway) -> None:
    await gateway.begin("bad")
    await gateway.bring("bad", "a", gateway.batch(0))
    await gateway.finish("bad", BAD)
    await gateway.decide("bad", "discarded")
    await gateway.gate.releaser.release()
    await gateway.gate.releaser.sweep()
    assert (await gateway.jobs(), await gateway.held("bad")) == ([], 1)
    async with gateway.session.engine.begin() as conn:
        await conn.execute(sa.update(run).values(completed_at=sa.func.now() - timedelta(days=31)))
    await gateway.gate.releaser.sweep()
    assert await gateway.held("bad") == 0


async def test_what_a_blocked_run_hides_is_told_once_to_whoever_may_see_it_again(gateway: Gateway) -> None:
    await gateway.begin("before")
    await gateway.bring("before", "a", gateway.batch(0))
    await gateway.finish("before", GOOD)
    await gateway.gate.releaser.release()
    await gateway.begin("bad")
    await gateway.bring("bad", "a", gateway.batch(0, 1))
    await gateway.bring("bad", "b", gateway.batch(2, version=4))
    await gateway.gate.releaser.sweep()
    assert await gateway.withheld() == {}, "the run is not judged yet"
    await gateway.finish("bad", BAD)
    hidden = {a_job(1).hash_key: 1, a_job(2).hash_key: 4}
    for _ in range(2):
        await gateway.gate.releaser.sweep()
        assert await gateway.withheld() == hidden


async def test_a_damaged_batch_keeps_no_other_from_being_told(gateway: Gateway) -> None:
    await gateway.begin("bad")
    await gateway.bring("bad", "a", gateway.batch(0))
    await gateway.bring("bad", "b", gateway.batch(1))
    await gateway.finish("bad", BAD)
    async with gateway.session.engine.begin() as conn:
        await conn.execute(sa.update(held).where(held.c.unit_id == "a").values(body=b"damaged"))
    await gateway.gate.releaser.sweep()
    assert await gateway.withheld() == {a_job(1).hash_key: 1}


async def test_a_batch_that_cannot_be_published_is_set_aside_and_the_run_ends(gateway: Gateway) -> None:
    await gateway.begin("poison")
    await gateway.bring("poison", "a", gateway.batch(0, title="no\x00database"))
    await gateway.bring("poison", "b", gateway.batch(1))
    await gateway.finish("poison", GOOD)
    for _ in range(MOST_ATTEMPTS):
        await gateway.gate.releaser.release()
    assert await gateway.jobs() == ["Job 1"]
    assert (await gateway.state("poison"))[0] == "completed"
    async with gateway.session.engine.connect() as conn:
        row = (await conn.execute(sa.select(metadata.tables["gateway.quarantine"]))).one()
    assert (row.unit_id, row.reason, row.state) == ("a", "release_failed", "open")


async def test_a_failed_rule_is_shown_by_pages_and_jobs(gateway: Gateway) -> None:
    await gateway.begin("shown")
    await gateway.bring("shown", "a", gateway.batch(0, 1, title=""))
    (end,) = await gateway.finish("shown", GOOD, measures={"jobs": 2, "jobs_untitled": 2})
    assert end.status == "blocked"
    evidence = (await gateway.results("shown"))["job_untitled"].evidence
    assert [page["count"] for page in evidence["units"]] == [2]
    assert {j["hash_key"] for j in evidence["jobs"]} == {uuid.UUID(int=n + 1).hex for n in (0, 1)}


async def test_a_source_is_compared_with_what_it_gave_before(gateway: Gateway) -> None:
    for n in range(3):
        await gateway.begin(f"day-{n}")
        await gateway.finish(f"day-{n}", GOOD)
    await gateway.begin("today")
    (end,) = await gateway.finish("today", {"new": 10})
    assert end.status == "succeeded"
    found = (await gateway.results("today"))["source_volume_low sample"]
    assert (found.verdict, found.value, found.usual) == ("failed", 10, 100)
    assert found.detail == "fetched is 10, at least 0.3 times the usual 100"


async def held_run(rest: httpx.AsyncClient, app: FastAPI, run_id: str, counts: Any) -> None:
    """A run of one batch that is judged by these counts, in a gateway that runs."""
    campaign = await create(rest)
    path = f"/campaigns/{campaign['campaign_id']}/runs"
    assert (await rest.post(path, json={"run_id": run_id, "sources": [{"source": "sample"}]})).status_code == 202
    wired = app.state.wiring
    event = batch(campaign, [a_job(0)], [1000])
    gate = quality_gate(wired.session, wired.settings, RULES)
    async with wired.session.engine.begin() as conn:
        root = (await conn.execute(sa.select(unit.c.unit_id).where(unit.c.run_id == run_id))).scalar_one()
        await gate.publish.apply(conn, _headers(run_id, "a", "publish", event), event, {})
        end = UnitFinished(run_id=run_id, unit_id=root, stage="start", fetched=sum(counts.values()), counts=counts)
        await wired.ledger.apply(conn, [end])


async def test_the_verdict_is_read_and_a_decision_kept_over_rest(rest: httpx.AsyncClient, app: FastAPI) -> None:
    assert (await rest.get("/runs/nobody/quality")).status_code == 404
    await held_run(rest, app, "bad", BAD)
    told = (await rest.get("/runs/bad/quality")).json()
    assert (told["gate"], told["held_jobs"], told["results"][0]["reason"]) == ("blocked", 1, "rejected_share_high")
    shown = (await rest.get("/runs/bad")).json()
    assert (shown["status"], shown["quality"]["critical"]) == ("blocked", ["rejected_share_high"])
    decision = {"by": "ada", "reason": "not our fault"}
    assert (await rest.post("/runs/bad/quality/release", json={"by": "ada"})).status_code == 422
    assert (await rest.post("/runs/bad/quality/discard", json=decision)).json()["gate"] == "discarded"
    assert (await rest.post("/runs/bad/quality/discard", json=decision)).status_code == 409
    released = await rest.post("/runs/bad/quality/release", json=decision)
    assert (released.status_code, released.json()["gate"]) == (202, "released")
    assert [d["action"] for d in released.json()["decisions"]] == ["discarded", "released"]
    assert (await rest.post("/runs/bad/quality/release", json=decision)).status_code == 409
    assert (await rest.post("/runs/nobody/quality/release", json=decision)).status_code == 404


async def test_a_running_gateway_publishes_what_has_passed_by_itself(rest: httpx.AsyncClient, app: FastAPI) -> None:
    await held_run(rest, app, "good", GOOD)
    async with asyncio.timeout(10):
        while (await rest.get("/runs/good")).json()["status"] != "succeeded":
            pass
    query = sa.select(job.c.title)
    async with app.state.wiring.session.engine.connect() as conn:
        assert (await conn.execute(query)).scalars().all() == ["Job 0"]
