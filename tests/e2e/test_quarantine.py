"""Quarantine through the front door, with six processes: looked at, one discarded, the others replayed."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from common.testing.postgres import Database
from common.testing.rabbitmq import RabbitNode
from tests.support.stack import Stack, running_stack

pytestmark = pytest.mark.timeout(300)
_BROKEN = 8


@pytest.fixture(scope="module")
def stack(module_database: Database, tmp_path_factory: pytest.TempPathFactory, rabbitmq: RabbitNode) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("quarantine")
    with running_stack(module_database, folder, rabbitmq.url, "e2e_quarantine") as running:
        yield running


def _entries(stack: Stack, run_id: str, **narrowed: str) -> list[Any]:
    return list(stack.client.pages("/quarantine/normalizer", 1000, run_id=run_id, **narrowed))


def test_what_was_set_aside_is_discarded_or_replayed_once(stack: Stack, tmp_path: Path) -> None:
    good = [{"id": f"g{n}", "title": f"Engineer {n}", "company": "Acme", "location": "Toronto"} for n in range(3)]
    broken = [{"id": f"b{n}", "title": None, "company": "Acme", "location": "Toronto"} for n in range(_BROKEN)]
    file = tmp_path / "jobs.jsonl"
    file.write_text("\n".join(map(json.dumps, good + broken)))
    run = stack.run(stack.campaign(), {"source": "files", "params": {"path": str(file)}})
    assert (run["books"]["rejected"], run["books"]["new"]) == (_BROKEN, 3)
    found = _entries(stack, run["run_id"], state="open")
    assert len(found) == _BROKEN
    shown = stack.client.call("GET", f"/quarantine/normalizer/{found[0]['id']}")
    assert '"b' in json.dumps(shown["item"])
    assert (shown["event"]["items"], shown["event"]["source"]) == ([], "files")

    because = {"ids": [found[0]["id"]], "because": "not a posting"}
    assert stack.client.call("POST", "/quarantine/normalizer/discard", json=because) == {"discarded": 1}
    replayed = _replay_three_times(stack, {"run_id": run["run_id"]})
    books = replayed["books"]
    assert (books["fetched"], books["rejected"], books["balanced"]) == (_BROKEN - 1, _BROKEN - 1, True)
    assert (replayed["kind"], replayed["replay_of"]) == ("replay", run["run_id"])
    assert len(_entries(stack, run["run_id"], state="replayed")) == _BROKEN - 1
    assert len(_entries(stack, replayed["run_id"], state="open")) == _BROKEN - 1
    after = stack.client.call("GET", f"/runs/{run['run_id']}")
    assert after == run
    audit = stack.rows("SELECT action, count(*) AS n FROM normalizer.quarantine_audit GROUP BY 1 ORDER BY 1")
    assert [tuple(row) for row in audit] == [("discarded", 1), ("replayed", _BROKEN - 1)]


#: Who sends what to whom, and how many postings the books of its replay count for the run below.
_MESSAGES = [
    ("gateway", "run.requested.v1", "extractor", 5), ("extractor", "page.requested.v1", "extractor", 5),
    ("extractor", "postings.collected.v1", "normalizer", 5), ("normalizer", "postings.normalized.v1", "enricher", 5),
    ("enricher", "postings.enriched.v1", "ranker", 5), ("ranker", "postings.ranked.v1", "gateway", 5),
    ("gateway", "run.completed.v1", "notifier", 0), ("gateway", "campaign.changed.v1", "ranker", 0),
]  # fmt: skip


def test_the_books_of_a_replay_balance_whatever_is_replayed(stack: Stack, tmp_path: Path) -> None:
    file = tmp_path / "jobs.jsonl"
    postings = [{"id": f"m{n}", "title": f"Maker {n}", "company": "Acme", "location": "Toronto"} for n in range(5)]
    file.write_text("\n".join(map(json.dumps, postings)))
    campaign = stack.campaign(campaign_name="messages")
    run = stack.run(campaign, {"source": "files", "params": {"path": str(file)}})
    before = stack.digest()
    for sender, event, receiver, fetched in _MESSAGES:
        of = f"rerank-{campaign}-v1" if event == "campaign.changed.v1" else run["run_id"]
        assert len(_set_aside(stack, sender, event, receiver, of)) == 1, event
        answer = stack.client.call("POST", f"/quarantine/{receiver}/replay", json={"reason": event})
        (begun,) = answer["runs"]
        replayed = stack.ended(begun["run_id"])
        assert (replayed["status"], replayed["replay_of"]) == ("succeeded", of), event
        assert (replayed["books"]["fetched"], replayed["books"]["balanced"]) == (fetched, True), (event, replayed)
    assert stack.digest() == before


def _set_aside(stack: Stack, sender: str, event: str, receiver: str, run_id: str) -> list[Any]:
    """As if the receiver had set aside what the sender sent to it in this run."""
    return stack.rows(
        f"INSERT INTO {receiver}.quarantine (id, run_id, unit_id, event_type, stage, reason, error, headers, body) "  # noqa: S608 - names of ours
        "SELECT event_id, headers->>'run_id', headers->>'unit_id', headers->>'event_type', headers->>'stage', "
        f"headers->>'event_type', 'for a test', headers, body FROM {sender}.outbox "
        f"WHERE headers->>'event_type' = '{event}' AND headers->>'run_id' = '{run_id}' RETURNING id"
    )


def _replay_three_times(stack: Stack, chosen: dict[str, Any]) -> Any:
    answers = [stack.client.call("POST", "/quarantine/normalizer/replay", json=chosen) for _ in range(2)]
    (begun,) = answers[0]["runs"]
    run = stack.ended(begun["run_id"])
    answers.append(stack.client.call("POST", "/quarantine/normalizer/replay", json=chosen))
    assert answers[2]["runs"] == []
    assert answers[2]["replayed_by"] == [run["run_id"]]
    for more in answers[1]["runs"]:
        if more["run_id"] != run["run_id"]:
            assert stack.ended(more["run_id"])["books"]["fetched"] == 0
    return run
