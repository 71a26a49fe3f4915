"""Real postings through six processes over RabbitMQ: every one ends once, ranked, announced by one webhook."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook

from common.testing.postgres import Database
from common.testing.rabbitmq import RabbitNode
from tests.support.payloads import Payloads, load
from tests.support.provider import Provider, running_provider
from tests.support.receiver import Receiver, receiver
from tests.support.stack import Stack, running_stack

pytestmark = pytest.mark.timeout(300)
MAPPINGS = {"jobspy_glassdoor_israel_2026": "jobspy", "jobspy_netherlands_2025": "jobspy"}


@pytest.fixture(scope="module")
def payloads(shared_data: Path) -> Payloads:
    return load(shared_data)


@pytest.fixture(scope="module")
def provider(payloads: Payloads) -> Iterator[Provider]:
    with running_provider(payloads) as running:
        yield running


@pytest.fixture(scope="module")
def hook() -> Iterator[Receiver]:
    with receiver() as running:
        yield running


@pytest.fixture(scope="module")
def stack(
    module_database: Database, tmp_path_factory: pytest.TempPathFactory, rabbitmq: RabbitNode, provider: Provider
) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("real")
    with running_stack(module_database, folder, rabbitmq.url, "e2e_real", **provider.environment) as running:
        yield running


@pytest.fixture(scope="module")
def sources(payloads: Payloads, shared_data: Path) -> list[dict[str, Any]]:
    """Every board with texts, the largest without, every lever board, jsearch, and all dumps of postings."""
    boards = [b for b, jobs in payloads.greenhouse.items() if "content" in jobs[0]]
    boards.append(max(payloads.greenhouse, key=lambda b: len(payloads.greenhouse[b])))
    found: list[dict[str, Any]] = [{"source": "greenhouse", "params": {"board": b}} for b in sorted(set(boards))]
    found += [{"source": "lever", "params": {"board": b}} for b in payloads.lever]
    found.append({"source": "jsearch"})
    for path in sorted((shared_data / "postings").iterdir()):
        name = path.name.partition(".")[0]
        found.append({"source": "files", "params": {"path": str(path), "mapping": MAPPINGS.get(name, name)}})
    return found


def test_every_real_posting_ends_in_one_outcome_and_the_run_is_announced_once(
    stack: Stack, payloads: Payloads, hook: Receiver, sources: list[dict[str, Any]], shared_data: Path
) -> None:
    secret = stack.client.call("POST", "/endpoints", json={"url": hook.url})["secret"]
    campaign = stack.campaign(query="data scientist", country="us", location="San Francisco")
    first = stack.run(campaign, *sources)
    assert first["status"] == "succeeded", first["errors"]
    assert first["books"]["balanced"]
    dumps = sum(1 for p in (shared_data / "postings").iterdir() for _ in _lines(p))
    boards = {s["params"]["board"] for s in sources if s["source"] == "greenhouse"}
    served = sum(len(payloads.greenhouse[b]) for b in boards)
    served += sum(map(len, payloads.lever.values())) + len(payloads.jsearch)
    assert first["books"]["fetched"] == dumps + served
    assert first["books"]["failed"] == 0
    assert first["books"]["new"] > 0.8 * first["books"]["fetched"]

    # Some of the dumps are old: what they hold has expired.
    every = ["open", "stale", "expired"]
    ranked = list(stack.client.pages(f"/campaigns/{campaign}/jobs", 100_000, duplicates="show", state=every))
    assert len(ranked) == first["books"]["new"]
    scores = [j["rank"]["rank_score"] for j in ranked]
    assert scores == sorted(scores, reverse=True)
    assert len(set(scores)) > 50

    _explained(stack, campaign, [ranked[0], ranked[len(ranked) // 2], ranked[-1]])
    (announced,) = hook.wait_for(1)
    told = Webhook(secret).verify(announced.body, announced.headers)
    assert told["type"] == "run.completed"
    assert told["data"]["run_id"] == first["run_id"]

    before = _seen(stack)
    digest = stack.digest()
    again = stack.run(campaign, *sources)
    books = again["books"]
    assert again["status"] == "succeeded"
    assert books["balanced"]
    assert (books["new"], books["updated"], books["failed"]) == (0, 0, 0)
    assert books["unchanged"] + books["duplicate"] + books["rejected"] == books["fetched"] == first["books"]["fetched"]
    assert stack.digest() == digest
    after = _seen(stack)
    assert before.keys() == after.keys()
    assert all(after[key][0] == before[key][0] and after[key][1] > before[key][1] for key in before)
    hook.wait_for(2)
    ids = [r.headers["webhook-id"] for r in hook.received]
    assert len(ids) == len(set(ids)) == 2


def _lines(path: Path) -> Iterator[str]:
    import gzip

    with gzip.open(path, "rt") as opened:
        yield from (line for line in opened if line.strip())


def _explained(stack: Stack, campaign: str, jobs: list[dict[str, Any]]) -> None:
    for job in jobs:
        detail = stack.client.call("GET", f"/jobs/{job['hash_key']}", params={"campaign_id": campaign})
        factors = detail["explanation"]["factors"]
        assert round(sum(f["points"] for f in factors), 2) == detail["rank"]["rank_score"] == job["rank"]["rank_score"]
        assert all(f["reason"] for f in factors)
        assert detail["sightings"]
        assert detail["enrichment"]
        assert json.dumps(detail["description_text"])


def _seen(stack: Stack) -> dict[tuple[str, str], tuple[Any, Any]]:
    rows = stack.rows("SELECT source, source_job_id, first_seen_at, last_seen_at FROM normalizer.sighting")
    return {(r[0], r[1]): (r[2], r[3]) for r in rows}
