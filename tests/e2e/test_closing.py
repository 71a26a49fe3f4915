"""A board ceases to list a job and lists it again: people see it closed, and open, with six processes."""

import shutil
import time
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from common.settings import REPOSITORY
from common.testing.postgres import Database
from common.testing.rabbitmq import RabbitNode
from posthorn.fake_provider.saved import Saved
from tests.support.payloads import Payloads
from tests.support.provider import Provider, running_provider
from tests.support.stack import Stack, running_stack

pytestmark = pytest.mark.timeout(120)
ACME = {"source": "greenhouse", "params": {"board": "acme"}}
SWEEPS = 2
TEXT = "&lt;p&gt;" + "We look after bridges over small rivers for as long as they stand. " * 8 + "&lt;/p&gt;"


def posting(number: int) -> dict[str, Any]:
    return {
        "id": number, "title": f"Bridge Engineer {number}", "absolute_url": f"https://boards.example.com/{number}",
        "location": {"name": "Toronto, ON, Canada"}, "content": f"&lt;p&gt;Build bridge {number}.&lt;/p&gt;",
        "updated_at": "2026-11-01T10:00:00Z", "company_name": "Acme",
    }  # fmt: skip


@pytest.fixture
def provider() -> Iterator[Provider]:
    again = posting(7) | {"title": "Bridge Keeper", "content": TEXT, "first_published": "2026-10-30T10:00:00Z"}
    with running_provider(Payloads(greenhouse={"acme": [posting(n) for n in range(4)], "again": [again]})) as running:
        yield running


@pytest.fixture
def stack(
    database: Database, tmp_path_factory: pytest.TempPathFactory, rabbitmq: RabbitNode, provider: Provider
) -> Iterator[Stack]:
    """With the shipped rules, but that reads may follow each other at once."""
    folder = tmp_path_factory.mktemp("closing")
    config = shutil.copytree(REPOSITORY / "config", folder / "config")
    rules = yaml.safe_load((config / "closing.yml").read_text())
    rules["missing"] = {"sweeps": SWEEPS, "apart_hours": 0}
    (config / "closing.yml").write_text(yaml.safe_dump(rules))
    environment = {"POSTHORN_CONFIG": str(config), **provider.environment}
    with running_stack(database, folder, rabbitmq.url, "e2e_closing", **environment) as running:
        yield running


def listed(stack: Stack, campaign: str, state: str) -> set[str]:
    return {job["title"] for job in stack.client.pages(f"/campaigns/{campaign}/jobs", 10, state=state)}


def becomes(stack: Stack, campaign: str, state: str, titles: set[str]) -> None:
    """What reads do not show is told beside the runs, seconds after them."""
    deadline = time.monotonic() + 60
    while (found := listed(stack, campaign, state)) != titles:
        assert time.monotonic() < deadline, f"{state}: {found}"
        time.sleep(0.1)


def test_a_job_that_its_board_lists_no_more_is_closed_after_so_many_reads_and_open_when_listed_again(
    stack: Stack, provider: Provider
) -> None:
    board: Saved = provider.boards["greenhouse"]["acme"]
    campaign = stack.campaign()
    assert stack.run(campaign, ACME)["books"]["new"] == 4
    others, gone = {f"Bridge Engineer {n}" for n in range(3)}, {"Bridge Engineer 3"}
    board.entries.pop()
    for read in range(SWEEPS):
        assert listed(stack, campaign, "open") == others | gone, f"closed after {read} reads"
        assert stack.run(campaign, ACME)["books"]["unchanged"] == 3
    becomes(stack, campaign, "closed", gone)
    assert listed(stack, campaign, "open") == others
    (job,) = stack.client.pages(f"/campaigns/{campaign}/jobs", 10, state="closed")
    assert job["state_reason"].startswith("no whole read of greenhouse acme shows it since ")

    board.entries.append(posting(3))
    run = stack.run(campaign, ACME)
    assert (run["books"]["unchanged"], run["books"]["updated"]) == (3, 1)
    assert listed(stack, campaign, "open") == others | gone
    assert listed(stack, campaign, "closed") == set()
    told = [event["kind"] for event in stack.client.call("GET", f"/jobs/{job['hash_key']}")["history"]]
    assert told[-2:] == ["closed", "reopened"]


def test_a_flag_that_a_page_gives_a_job_of_another_page_is_shown_when_its_run_is_done(
    stack: Stack, provider: Provider
) -> None:
    board: Saved = provider.boards["greenhouse"]["again"]
    campaign, source = stack.campaign(), {"source": "greenhouse", "params": {"board": "again"}}
    stack.run(campaign, source)
    first = posting(8) | {"title": "Bridge Keeper (m/f/d)", "content": TEXT, "first_published": "2026-09-01T10:00:00Z"}
    board.entries.append(first)
    run = stack.run(campaign, source)
    assert (run["books"]["new"], run["books"]["unchanged"]) == (1, 1)
    jobs = stack.client.pages(f"/campaigns/{campaign}/jobs", 10, duplicates="show")
    assert {job["title"]: [flag["kind"] for flag in job["flags"]] for job in jobs} == {
        "Bridge Keeper": ["repost"],
        "Bridge Keeper (m/f/d)": [],
    }
