"""One job on two boards: two postings, one cluster, told at the job, and parted by hand for good."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from common.testing.postgres import Database
from common.testing.rabbitmq import RabbitNode
from tests.support.stack import Stack, running_stack

pytestmark = pytest.mark.timeout(120)
TEXT = "We build bridges over small rivers, and look after them for as long as they stand. " * 8
POSTING = {
    "title": "Bridge Engineer (m/f/d)",
    "company": "Acme GmbH",
    "location": "Berlin, Germany",
    "description": TEXT,
}


@pytest.fixture
def stack(database: Database, tmp_path_factory: pytest.TempPathFactory, rabbitmq: RabbitNode) -> Iterator[Stack]:
    with running_stack(database, tmp_path_factory.mktemp("duplicates"), rabbitmq.url, "e2e_duplicates") as running:
        yield running


def board(folder: Path, name: str, **other: str) -> dict[str, Any]:
    """A file with the posting, and how it is read."""
    (folder / f"{name}.jsonl").write_text(json.dumps(POSTING | other | {"id": name}))
    return {"source": "files", "params": {"path": str(folder / f"{name}.jsonl")}}


def cards(stack: Stack, campaign: str, number: int, **asked: str) -> list[dict[str, Any]]:
    """The jobs of the list, once there are so many: what people decide reaches it beside the runs."""
    for _ in range(600):
        found = list(stack.client.pages(f"/campaigns/{campaign}/jobs", 10, **asked))
        if len(found) == number:
            return found
        time.sleep(0.05)
    raise AssertionError(f"{len(found)} cards, not {number}")


def test_one_job_on_two_boards_is_told_at_the_job_and_stays_as_people_decide(stack: Stack, tmp_path: Path) -> None:
    first = board(tmp_path, "one")
    second = board(tmp_path, "other", title="Bridge Engineer", company="ACME", apply_url="https://jobs.example.com/7")
    campaign = stack.campaign()
    run = stack.run(campaign, first, second)
    assert (run["status"], run["books"]["new"]) == ("succeeded", 2), run["errors"]
    (card,) = stack.client.pages(f"/campaigns/{campaign}/jobs", 10)
    assert card["cluster"]["postings"] == 2
    jobs = cards(stack, campaign, 2, duplicates="show")
    keys = {job["source_job_id"].rpartition(":")[2]: job["hash_key"] for job in jobs}
    detail = stack.client.call("GET", f"/jobs/{keys['one']}")
    (also,) = detail["also_seen_as"]
    assert (also["hash_key"], also["apply_url"]) == (keys["other"], "https://jobs.example.com/7")
    told = stack.client.call("GET", f"/runs/{run['run_id']}/dedupe-report")
    assert told["merged"] == {"same_text": 1}

    why = {"by": "ada", "reason": "two bridges"}
    stack.client.call("POST", f"/duplicates/{keys['one']}/split", json=why)
    stack.run(
        campaign, first, board(tmp_path, "other", title="Bridge Engineer", company="ACME", apply_url="https://x.test/8")
    )
    assert stack.client.call("GET", f"/jobs/{keys['one']}")["also_seen_as"] == []
    assert stack.client.call("GET", "/duplicates")["clusters"] == []
    assert {job["hash_key"] for job in cards(stack, campaign, 2)} == set(keys.values())
    merged = stack.client.call("POST", "/duplicates/merge", json={"hash_keys": list(keys.values()), **why})
    assert {member["hash_key"] for member in merged["members"]} == set(keys.values())
    (card,) = cards(stack, campaign, 1)
    assert {source["hash_key"] for source in card["cluster"]["sources"]} <= set(keys.values())
