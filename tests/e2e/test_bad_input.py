"""Bad input: clear errors and reasons, the rest goes on, nothing is lost."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from common.testing.postgres import Database
from common.testing.rabbitmq import RabbitNode
from tests.support.payloads import Payloads
from tests.support.provider import Fault, Provider, running_provider
from tests.support.stack import Stack, running_stack

pytestmark = pytest.mark.timeout(300)


def greenhouse(number: int) -> dict[str, Any]:
    return {
        "id": number, "title": f"Engineer {number}", "absolute_url": f"https://boards.example.com/{number}",
        "location": {"name": "Toronto, ON, Canada"}, "content": "&lt;p&gt;Python and SQL.&lt;/p&gt;",
        "updated_at": "2026-11-01T10:00:00Z", "company_name": "Acme",
    }  # fmt: skip


BOARDS = {
    "good": [greenhouse(n) for n in range(3)], "html": [greenhouse(10)], "truncated": [greenhouse(11)],
    "limited": [greenhouse(12)], "flaky": [greenhouse(13)], "empty": [],
    "broken": [greenhouse(n) for n in range(20, 117)],
    "down": [greenhouse(14)],
}  # fmt: skip


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with running_provider(Payloads(greenhouse=BOARDS)) as running:
        yield running


@pytest.fixture(scope="module")
def stack(
    module_database: Database, tmp_path_factory: pytest.TempPathFactory, rabbitmq: RabbitNode, provider: Provider
) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("bad")
    environment = {"MAX_ATTEMPTS": "2", **provider.environment}
    with running_stack(module_database, folder, rabbitmq.url, "e2e_bad", **environment) as running:
        yield running


def board(name: str) -> dict[str, Any]:
    return {"source": "greenhouse", "params": {"board": name}}


def test_sources_that_break_are_named_and_never_stop_the_others(stack: Stack, provider: Provider) -> None:
    def path(name: str) -> str:
        return f"/v1/boards/{name}/"

    provider.faults += [
        Fault(kind="html", path=path("html"), times=99), Fault(kind="truncated", path=path("truncated"), times=99),
        Fault(kind="rate_limited", path=path("limited"), times=1, retry_after=1),
        Fault(kind="server_error", path=path("flaky"), times=2), Fault(kind="broken_items", path=path("broken")),
        Fault(kind="server_error", path=path("down"), times=999),
    ]  # fmt: skip
    names = [*BOARDS, "missing"]
    extra = [{"source": "nosuch"}, {"source": "greenhouse"}, {"source": "files", "params": {"path": "/nowhere/*.json"}}]
    run = stack.run(stack.campaign(), *map(board, names), *extra)
    assert run["status"] == "partial"
    books = run["books"]
    assert books["balanced"]
    assert books["fetched"] == 3 + 1 + 1 + 100
    assert books["rejected"] == 3
    assert books["new"] == 3 + 1 + 1 + 97
    told = "\n".join(run["errors"])
    for broken in ("html", "truncated", "missing", "down", "nosuch", "/nowhere"):
        assert broken in told, told
    for fine in ("limited", "flaky", "good"):
        assert f"/{fine} " not in told
    assert run["failed_units"] == 7


ODD = [
    {"id": "1", "title": "Long", "company": "A", "location": "Toronto", "description": "x" * 5_000_000},
    {"id": "2", "title": "Nul \u0000 byte", "company": "A\u0000", "location": "Toronto", "description": "a\u0000b"},
    {"id": "3", "title": "First of its id", "company": "A", "location": "Toronto"},
    {"id": "3", "title": "Second of its id", "company": "A", "location": "Toronto"},
    {"id": "4", "title": "Odd money", "company": "A", "min_amount": 10, "max_amount": 20, "currency": "ZZZ"},
    {"id": "5", "title": "Competitive", "company": "A", "salary": "competitive"},
    {"id": "6", "title": "From the future", "company": "A", "date_posted": "2999-01-01"},
    {"id": "7", "title": "Surrogate \ud800", "company": "A"},
    {"id": "8", "title": None, "company": "A"},
    {"id": "9", "title": ["a", "list"], "company": {"deep": {"deeper": 1}}},
    "not an object",
    {"id": "10", "title": "Backwards", "company": "A", "min_amount": 90, "max_amount": 10, "currency": "CAD"},
    {"id": "11", "title": "Negative", "company": "A", "min_amount": -5, "currency": "CAD", "interval": "yearly"},
    {"id": "12", "title": "Huge", "company": "A", "min_amount": 10**30, "currency": "CAD", "interval": "yearly"},
    {
        "id": "13",
        "title": "<script>alert(1)</script>Engineer",
        "company": "A",
        "description": "<script>x</script><p>ok",
    },
    {"id": "14", "title": "Odd link", "company": "A", "url": "javascript:alert(1)"},
]


def test_odd_postings_end_with_a_reason_and_the_others_go_on(stack: Stack, tmp_path: Path) -> None:
    file = tmp_path / "odd.jsonl"
    file.write_text("\n".join([*map(json.dumps, ODD), "{broken", ""]))
    campaign = stack.campaign(campaign_name="odd")
    run = stack.run(campaign, {"source": "files", "params": {"path": str(file)}})
    books = run["books"]
    assert run["status"] == "succeeded", run["errors"]
    assert books["balanced"]
    assert books["fetched"] == len(ODD) + 1
    assert books["failed"] == 0, run
    assert books["duplicate"] == 1
    listed = stack.client.pages(f"/campaigns/{campaign}/jobs", 1000, duplicates="show")
    titles = {j["title"]: j for j in listed if j["source"] == "files"}
    for shown in ("First of its id", "Odd money", "Competitive", "From the future", "Odd link"):
        assert shown in titles
    assert not any("Second" in t or "<script" in t for t in titles)
    assert (titles["Odd money"]["salary"] or {}).get("reference_minimum") is None, "an unknown currency is never 1:1"
    assert titles["From the future"]["posted_at"] is None
    assert titles["Odd link"]["url"] is None
    kept = list(stack.client.pages("/quarantine/normalizer", 1000, run_id=run["run_id"]))
    assert len(kept) == books["rejected"]
    assert all(k["reason"] and k["error"] for k in kept)
    reasons = {k["reason"] for k in kept}
    assert "description_too_long" in reasons
    assert sum(books["reasons"].get(r, 0) for r in reasons) == books["rejected"]


def test_a_run_of_which_most_is_rejected_is_shown_only_when_somebody_releases_it(stack: Stack, tmp_path: Path) -> None:
    file = tmp_path / "hollow.jsonl"
    postings = [{"id": f"h{n}", "title": None if n % 3 else f"Hollow {n}", "company": "Hollow"} for n in range(60)]
    file.write_text("\n".join(map(json.dumps, postings)))
    campaign = stack.campaign(campaign_name="hollow")
    run = stack.run(campaign, {"source": "files", "params": {"path": str(file)}})
    path = f"/runs/{run['run_id']}"
    assert (run["status"], run["quality"]["critical"]) == ("blocked", ["rejected_share_high"])
    assert run["books"]["balanced"]

    def shown() -> list[str]:
        listed = stack.client.pages(f"/campaigns/{campaign}/jobs", 1000)
        return [job["title"] for job in listed if job["company"] == "Hollow"]

    assert shown() == []
    held = stack.client.call("GET", f"{path}/quality")
    assert (held["held_jobs"], held["results"][0]["detail"]) == (20, "rejected / fetched is 0.6667, at most 0.5")
    stack.client.call("POST", f"{path}/quality/release", json={"by": "ada", "reason": "the third is good"})
    stack.until(run["run_id"], lambda it: it["status"] == "succeeded")
    stack.until(run["run_id"], lambda it: not it["quality"]["releasing"])
    assert len(shown()) == 20
