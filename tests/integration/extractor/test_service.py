"""The whole extractor: a run request goes in, archived pages and batches of raw postings come out."""

import asyncio
from pathlib import Path

import sqlalchemy as sa
from pydantic import SecretStr

from common.contracts import (
    Campaign,
    PostingsCollected,
    RunRequested,
    SourceQuery,
    UnitFinished,
    decode,
    stage_of,
    unit_id,
)
from common.database import create_engine
from common.messaging.factory import open_broker
from common.messaging.outbox import outgoing, root_headers
from common.messaging.protocol import Delivery
from common.testing.postgres import Database
from extractor.settings import Settings
from extractor.wiring import wire
from tests.support.fake_source import AT

CAMPAIGN = Campaign(campaign_id="c1", version=1, campaign_name="Data", query="data engineer", country="ca")


async def test_a_run_of_two_sources_is_collected_though_one_of_them_is_unknown(
    database: Database, tmp_path: Path
) -> None:
    url = database.url("extractor")
    engine = create_engine(url, role_application="test")
    broker = open_broker(None, engine, namespace="", service="gateway")
    await broker.open()
    collected: dict[str, PostingsCollected] = {}
    finished: dict[str, UnitFinished] = {}
    done = asyncio.Event()

    async def take(deliveries: list[Delivery]) -> None:
        for delivery in deliveries:
            headers = delivery.headers
            if headers.event_type == PostingsCollected.event_type:
                collected[headers.event_id] = decode(PostingsCollected, delivery.body, headers.sha256)
            else:
                finished[headers.unit_id] = decode(UnitFinished, delivery.body, headers.sha256)
            await delivery.ack()
        declared = {c.unit_id for f in finished.values() for c in f.children if c.stage == "fetch"}
        sent = sum(c.stage == "normalize" for f in finished.values() for c in f.children)
        if finished and declared <= finished.keys() and len(collected) == sent:
            done.set()

    for queue in ("normalizer.postings", "gateway.ledger"):
        await broker.subscribe(queue, take)
    settings = Settings(database_url=SecretStr(url), archive_url=tmp_path.as_uri(), environment="development", port=0)  # type: ignore[call-arg]  # the other settings have defaults
    run = RunRequested(
        run_id="r1", requested_at=AT, campaign=CAMPAIGN,
        sources=[SourceQuery(source="sample"), SourceQuery(source="nowhere")],
    )  # fmt: skip
    root = unit_id(stage_of(RunRequested), "r1")
    async with wire(settings) as wiring:
        await wiring.check()
        await broker.publish([outgoing(run, root_headers("r1", root, "start", "c1", AT), root, "start")])
        await asyncio.wait_for(done.wait(), 30)
    await broker.close()
    async with engine.connect() as conn:
        indexed = set((await conn.execute(sa.text("SELECT archive_key FROM extractor.page"))).scalars())
    await engine.dispose()

    pages = [f for f in finished.values() if f.stage == "fetch"]
    assert sum(f.fetched for f in pages) == sum(len(c.items) for c in collected.values()) > 250
    assert {f.source: f.reasons for f in pages if f.outcome == "failed"} == {"nowhere": {"source_unknown": 1}}
    keys = {c.archive_key for c in collected.values()}
    assert keys == indexed
    assert all((tmp_path / key).is_file() for key in keys)
