"""Twenty sources at once, five of them failing in different ways: fifteen finish, five are named with what to do."""

from collections.abc import Iterator
from typing import Any

import pytest

from common.testing.postgres import Database
from common.testing.rabbitmq import RabbitNode
from posthorn.fake_provider import app
from posthorn.fake_provider.app import Provider
from posthorn.fake_provider.faults import Fault
from tests.support.stack import Stack, running_stack

pytestmark = pytest.mark.timeout(120)
POSTINGS = 25
BOARDS = ("ashby", "greenhouse", "lever", "recruitee", "smartrecruiters", "workable")
SEARCHES = (
    "adzuna", "arbeitnow", "hackernews", "himalayas", "jobicy", "jsearch", "remoteok", "remotive", "themuse", "usajobs",
    "weworkremotely",
)  # fmt: skip
#: What is said of each that fails, and what there is to do.
FAILING = {
    "lever": ("http_503", "posthorn source show lever"),
    "ashby": ("page_is_html", "posthorn bronze cat"),
    "remotive": ("page_has_no_items", "posthorn replay --source remotive"),
    "jsearch": ("credential_missing", "set JSEARCH_API_KEY"),
    "himalayas": ("timeout", "posthorn source show himalayas"),
}


@pytest.fixture
def provider() -> Iterator[Provider]:
    with app.running_provider(Provider(postings=POSTINGS)) as running:
        running.faults += [
            Fault(kind="server_error", source="lever", times=999), Fault(kind="html", source="ashby"),
            Fault(kind="changed_schema", source="remotive"), Fault(kind="timeout", source="himalayas", times=999),
        ]  # fmt: skip
        yield running


@pytest.fixture
def stack(
    database: Database, tmp_path_factory: pytest.TempPathFactory, rabbitmq: RabbitNode, provider: Provider
) -> Iterator[Stack]:
    # A unit is not put off and tried again: what is away stays away.
    without = {"JSEARCH_API_KEY": "", "MAX_ATTEMPTS": "1", "LEVER_ATTEMPTS": "2", "LEVER_BACKOFF": "0"}
    impatient = {"HIMALAYAS_TIMEOUT": "1", "HIMALAYAS_ATTEMPTS": "1"}
    environment = {**provider.environment, **without, **impatient}
    with running_stack(
        database, tmp_path_factory.mktemp("twenty"), rabbitmq.url, "e2e_twenty", **environment
    ) as running:
        yield running


def queries(url: str) -> list[dict[str, Any]]:
    return [
        *({"source": name, "params": {"board": "acme"}} for name in BOARDS),
        *({"source": name} for name in SEARCHES),
        {"source": "workday", "params": {"tenant": "acme", "instance": "wd5", "site": "Careers"}},
        {"source": "jobposting", "params": {"url": f"{url}/jobposting/1"}},
        {"source": "sample", "params": {"count": POSTINGS, "seed": 3}},
    ]


def test_the_others_finish_and_each_that_fails_is_named_with_what_to_do(stack: Stack, provider: Provider) -> None:
    sources = queries(provider.url)
    assert len(sources) == 20
    run = stack.run(stack.campaign(), *sources)
    assert (run["state"], run["status"]) == ("completed", "partial"), run["errors"]
    assert [listed["status"] for listed in stack.client.pages("/runs", 10, kind="collect")] == ["partial"]
    assert run["failed_units"] == len(run["errors"]) == len(FAILING), run["errors"]
    for source, (reason, action) in FAILING.items():
        said = [error for error in run["errors"] if reason in error and action in error]
        assert len(said) == 1, (source, run["errors"])
        assert f"{source} page 1" in said[0] or f"{source}/acme page 1" in said[0]
    books = run["books"]
    assert books["balanced"]
    assert books["failed"] == 0, books
    # One of them is a web page with one posting.
    assert books["fetched"] == POSTINGS * (20 - len(FAILING) - 1) + 1
    rows = stack.rows("SELECT source, count(*) AS postings FROM normalizer.sighting GROUP BY source")
    assert {row["source"]: row["postings"] for row in rows}.keys() == {s["source"] for s in sources} - FAILING.keys()
