"""The normalizer over HTTP, without a broker."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from types import SimpleNamespace

import httpx
import pytest
from fastapi import FastAPI

from common.messaging.outbox import Outbox
from common.messaging.protocol import Outgoing
from common.web.problems import add_problem_handlers
from normalizer.domain.precedence import precedence_from
from normalizer.routes import router
from normalizer.store import PostingStore
from normalizer.store.duplicate_decisions import DecisionStore
from tests.integration.normalizer.conftest import NOW, Normalizer
from tests.integration.normalizer.test_merging import item, key_of
from tests.support.rules import FixedRules


@dataclass
class Heard:
    """A broker whose messages are heard at once."""

    normalizer: Normalizer

    async def publish(self, messages: Sequence[Outgoing]) -> set[str]:
        for message in messages:
            assert message.headers.stage == "", "what people decide is no unit of a run"
        self.normalizer.receive(messages)
        return {message.headers.event_id for message in messages}


@pytest.fixture
async def http(normalizer: Normalizer) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    add_problem_handlers(app)
    app.include_router(router)
    outbox = Outbox("normalizer")
    session = SimpleNamespace(engine=normalizer.engine, outbox=outbox, broker=Heard(normalizer))
    app.state.wiring = SimpleNamespace(
        session=session,
        store=PostingStore(),
        decisions=DecisionStore(outbox),
        now=lambda: NOW,
        rules=FixedRules(
            SimpleNamespace(precedence=precedence_from({"precedence": [["lever"], ["jsearch"]], "others": 3}))
        ),
    )
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://normalizer") as client:
        yield client


async def test_a_posting_is_shown_with_html_text_sightings_and_provenance(
    normalizer: Normalizer, http: httpx.AsyncClient
) -> None:
    await normalizer.page([item("1", text="R&amp;D", pay={"text": "9k", "minimum": "9000.50", "currency": "EUR"})])
    await normalizer.page([item("a")], source="jsearch", feed="f")
    answer = await http.get(f"/postings/{key_of()}")
    assert answer.status_code == 200
    found = answer.json()
    assert (found["description_html"], found["description_text"]) == ("<p>R&amp;D</p>", "R&D")
    assert (found["version"], found["pay_minimum"], found["pay_currency"]) == (1, "9000.50", "EUR")
    assert [(s["source"], s["feed"], s["archive_key"], s["shown"]) for s in found["sightings"]] == [
        ("jsearch", "f", "run-1/page=0001", False),
        ("lever", "", "run-1/page=0001", True),
    ]
    assert found["places"][0] == {"text": "Toronto, ON", "city": "Toronto", "region": "ON", "country": "ca",
                                  "latitude": None, "longitude": None}  # fmt: skip


async def test_an_unknown_posting_is_a_problem_not_an_error(http: httpx.AsyncClient) -> None:
    answer = await http.get(f"/postings/{'0' * 32}")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


async def test_lists_go_on_where_they_stopped(normalizer: Normalizer, http: httpx.AsyncClient) -> None:
    await normalizer.page([item(str(n), title=f"Job {n}") for n in range(3)])
    first = (await http.get("/postings", params={"country": "ca", "limit": 2})).json()
    rest = (await http.get("/postings", params={"country": "ca", "limit": 2, "after": first["next"]})).json()
    assert [len(first["postings"]), len(rest["postings"]), rest["next"]] == [2, 1, None]
    assert (await http.get("/postings", params={"city": "Rome"})).json() == {"postings": [], "next": None}


SENSELESS = [
    "/postings/1", "/postings/%00", f"/postings/{'g' * 32}", "/postings?limit=0", "/postings?limit=x",
    "/postings?after=x", "/postings?country=Canada", "/postings?city=%00", "/postings?city=" + "x" * 300,
]  # fmt: skip


@pytest.mark.parametrize("path", SENSELESS)
async def test_requests_that_make_no_sense_are_refused_clearly(http: httpx.AsyncClient, path: str) -> None:
    answer = await http.get(path)
    assert answer.status_code == 422
    assert answer.json()["errors"]


async def test_sql_in_a_parameter_is_only_a_strange_city(normalizer: Normalizer, http: httpx.AsyncClient) -> None:
    await normalizer.page([item("1")])
    answer = await http.get("/postings", params={"city": "'; DROP TABLE normalizer.posting; --"})
    assert (answer.status_code, answer.json()["postings"]) == (200, [])
    assert (await http.get(f"/postings/{key_of()}")).status_code == 200


async def test_a_job_that_two_boards_show_is_told_split_and_merged(
    normalizer: Normalizer, http: httpx.AsyncClient
) -> None:
    text = "We build bridges over small rivers, and look after them for as long as they stand. " * 8
    await normalizer.page([item("1", text=text)])
    await normalizer.page([item("a", text=text, title="Engineers")], source="jsearch", run="run-2")
    one, other = sorted((p.hash_key for p in normalizer.sent), key=lambda key: key != key_of())
    seen = (await http.get(f"/postings/{one}")).json()["also_seen_as"]
    assert [(p["hash_key"], p["source"], p["reason"], p["similarity"]) for p in seen] == [
        (other, "jsearch", "same_text", 1)
    ]
    assert [c["postings"] for c in (await http.get("/duplicates")).json()["clusters"]] == [2]
    of_run = (await http.get("/runs/run-2/dedupe-report")).json()
    assert (of_run["merged"], of_run["classes"]) == ({"same_text": 1}, {"full": 1})

    why = {"by": "ada", "reason": "two offices, two openings"}
    parted = (await http.post(f"/duplicates/{one}/split", json=why)).json()
    assert [m["hash_key"] for m in parted["members"]] == [one]
    assert {normalizer.told.get(key, (0, key))[1] for key in (one, other)} == {one, other}
    # A third posting matches both: it joins one of them, and does not bring them together again.
    await normalizer.page([item("b", text=text, title="Engineer (m/f/d)", places=[{"text": "Ottawa"}])], source="files")
    sizes = [len((await http.get(f"/duplicates/{key}")).json()["members"]) for key in (one, other)]
    assert sorted(sizes) == [1, 2]

    both = {"hash_keys": [one, other], "by": "bob", "reason": "one opening"}
    joined = await http.post("/duplicates/merge", json=both)
    members = [m["hash_key"] for m in joined.json()["members"]]
    assert len(members) == 3
    assert {normalizer.told.get(key, (0, key))[1] for key in members} == {joined.json()["cluster_id"]}
    assert {(d["verdict"], d["decided_by"]) for d in joined.json()["decisions"]} >= {("merge", "bob")}
    assert (await http.post("/duplicates/merge", json={"hash_keys": [one, "0" * 32], **why})).status_code == 404


async def test_a_cluster_tells_whose_words_stand_who_shows_it_and_since_when(
    normalizer: Normalizer, http: httpx.AsyncClient
) -> None:
    text = "We build bridges over small rivers, and look after them for as long as they stand. " * 8
    later = NOW + timedelta(days=1)
    await normalizer.page([item("a", text=text, title="Engineers", apply_url="https://a.example")], source="jsearch")
    await normalizer.page([item("1", text=text, department="Bridges")], run="run-2", at=later)
    (key, _) = [p.hash_key for p in normalizer.sent]
    found = (await http.get(f"/duplicates/{key}")).json()
    fields = {f["field"]: (f["value"], f["source"], f["reason"], f["others"]) for f in found["fields"]}
    assert fields["title"] == ("Engineer", "lever", "best_source", 1)
    assert fields["department"] == ("Bridges", "lever", "only_one_says", 0)
    assert fields["company"][1:] == ("lever", "all_agree", 0)
    assert fields["description_html"][0] is None
    assert [(s["source"], s["postings"], s["apply_url"]) for s in found["sources"]] == [
        ("lever", 1, "https://jobs.example.com/1"), ("jsearch", 1, "https://a.example")
    ]  # fmt: skip
    assert found["first_seen_at"] < found["last_seen_at"]
    assert (found["open"], found["closed_at"]) == (True, None)
    assert [h["kind"] for h in found["history"]] == ["first_seen", "last_seen", "first_seen", "last_seen"]


@pytest.mark.parametrize(("days", "state"), [(None, "open"), (1, "open"), (-1, "expired")])
async def test_a_posting_is_expired_once_the_day_until_which_it_is_valid_has_passed(
    normalizer: Normalizer, http: httpx.AsyncClient, days: int | None, state: str
) -> None:
    until = {} if days is None else {"valid_through": (NOW + timedelta(days=days)).isoformat()}
    await normalizer.page([item("1", **until)])
    assert (await http.get(f"/postings/{key_of()}")).json()["state"] == state


async def test_what_each_source_showed_for_the_first_time_is_counted_by_day(
    normalizer: Normalizer, http: httpx.AsyncClient
) -> None:
    await normalizer.page([item("1"), item("2", title="Driver")])
    await normalizer.page([item("1"), item("3", title="Cook")], at=NOW + timedelta(days=1), run="run-2")
    await normalizer.page([item("a")], source="jsearch", feed="f")
    day, next_day = NOW.date(), NOW.date() + timedelta(days=1)
    new = [
        (each["source"], each["day"], each["new"]) for each in (await http.get(f"/sightings/new?since={day}")).json()
    ]
    assert sorted(new) == [("jsearch", f"{day}", 1), ("lever", f"{day}", 2), ("lever", f"{next_day}", 1)]
    of_one = (await http.get(f"/sightings/new?since={next_day}&source=lever")).json()
    assert of_one == [{"source": "lever", "day": f"{next_day}", "new": 1}]
