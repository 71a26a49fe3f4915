"""How comments under "Who is hiring?" are found and read."""

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from common.contracts import Days, Place
from sources.adapters.hackernews import ADAPTER, PAGE_SIZE
from sources.client import SourceClient
from sources.errors import MappingError, SourceRejectedError
from sources.hiring.advert import read
from tests.support.payloads import read as read_payload
from tests.support.real_items import read_pages, request


def titles(text: str) -> list[str]:
    """The titles of an advertisement's roles."""
    return [role.title for role in read(text).roles]


@pytest.mark.parametrize(
    ("header", "company", "roles"),
    [
        ("Acme (YC W24) | Data Engineer | Berlin, Germany | ONSITE", "Acme", ["Data Engineer"]),
        ("Acme | SF | Full-time | Programmers, Designers and a CTO", "Acme", ["Programmers", "Designers", "CTO"]),
        ("Acme | Engineers (Go, Rust) | Remote", "Acme", ["Engineers (Go, Rust)"]),
        ("Acme | Backend/ML Engineer | Remote", "Acme", ["Backend/ML Engineer"]),
        ("Acme - Ghent, Belgium - Data Analyst - REMOTE", "Acme", ["Data Analyst"]),
        ("Acme • Berlin • Data Analyst • full time", "Acme", ["Data Analyst"]),
        ("Senior Web Developer @ Acme | Full-time | REMOTE", "Acme", ["Senior Web Developer"]),
        ("Oslo, Norway | REMOTE | Data Engineer | Acme Labs | Full-time", "Acme Labs", ["Data Engineer"]),
        ("Acme, Inc. is hiring a variety of software engineers to help us", "Acme, Inc.", ["software engineers"]),
        ("Company: Acme<p>Location: Lyon<p>Role: Data Engineer<p>Remote: no", "Acme", ["Data Engineer"]),
        ("Acme | Multiple roles | Remote", "Acme", ["Multiple roles"]),
        ("Acme | NYC<p>We&#x27;re hiring one manager and one engineer.", "Acme", ["manager", "engineer"]),
        ("The amount of on-site only job listings is insane.", None, []),
    ],
)  # fmt: skip
def test_company_and_roles_are_read_from_header_or_sentence(header: str, company: str | None, roles: list[str]) -> None:
    assert (read(header).company, titles(header)) == (company, roles)


def test_conditions_are_read_from_the_header_only() -> None:
    advert = read(
        'Acme | <a href="https:&#x2F;&#x2F;acme.example">https:&#x2F;&#x2F;acme.example</a> | '
        "Data Engineer (contract) | Paris or Remote (EU) | €60k - €80k | VISA<p>Our interns work full-time and on-site."
    )
    assert (advert.company_url, advert.remote, advert.types) == ("https://acme.example", "remote", ("contract",))
    assert (advert.places, advert.pay) == (("Paris or Remote (EU)",), "€60k - €80k")


def test_a_list_gives_each_role_its_place_and_address() -> None:
    first, second = (ADAPTER.map_to_common(item) for item in ADAPTER.items(ADAPTER.example)[2:])
    assert (first.source_job_id, first.title, first.places) == (
        "46000102:1",
        "Product Designer",
        [Place(text="Berlin")],
    )
    assert (second.title, second.apply_url) == ("Embedded Engineer", "https://mossgrove.example/jobs/2")
    assert first.url == second.url == "https://news.ycombinator.com/item?id=46000102"


def test_sentences_with_a_role_in_them_are_no_list() -> None:
    text = "Acme | Data Engineer | Rome<p>- You work with designers and engineers<p>- 5 years as an engineer"
    assert titles(text) == ["Data Engineer"]


def test_replies_deleted_comments_and_the_author_are_no_postings() -> None:
    said = {"text": "Acme | Data Engineer | Rome", "time": 1719848692}
    comments: list[dict[str, Any]] = [
        {"id": 2, "parent": 1, **said},
        {"id": 3, "parent": 2, **said},
        {"id": 4, "parent": 1, "deleted": True},
        {"id": 5, "parent": 1, "dead": True, **said},
        {"id": 6, "parent": 1, "by": "whoishiring", **said},
    ]
    assert [item["id"] for item in ADAPTER.items({"post": {"id": 1}, "comments": comments})] == [2]
    assert [item["id"] for item in ADAPTER.items(comments)] == [2]
    tree = {"id": 1, "children": [{**c, "parent_id": c["parent"]} for c in comments]}
    assert [item["id"] for item in ADAPTER.items(tree)] == [2]


def test_a_remark_is_refused_with_its_reason() -> None:
    with pytest.raises(MappingError, match="no_advertisement"):
        ADAPTER.map_to_common({"id": 7, "text": "Why does nobody list pay?"})


async def test_the_newest_thread_is_found_and_read_to_its_end() -> None:
    asked: list[dict[str, str]] = []
    threads = [
        {"objectID": "9", "title": "Ask HN: Who wants to be hired?"},
        {"objectID": "8", "title": "Ask HN: Who is hiring? (May)"},
    ]
    comments = [
        {"objectID": str(n), "story_id": 8, "parent_id": 8, "created_at_i": 5000 - n, "comment_text": f"A{n} | Dev"}
        for n in range(PAGE_SIZE + 3)
    ]  # fmt: skip

    def answer(sent: httpx.Request) -> httpx.Response:
        asked.append(dict(sent.url.params))
        if asked[-1]["tags"].startswith("story"):
            return httpx.Response(200, json={"hits": threads})
        until = int(asked[-1].get("numericFilters", "created_at_i<=9999").partition("<=")[2])
        found = [c for c in comments if c["created_at_i"] <= until]  # type: ignore[operator] # it is a number
        return httpx.Response(200, json={"hits": found[:PAGE_SIZE]})

    settings = ADAPTER.settings.model_copy(update={"requests_per_minute": 6000})
    async with SourceClient("hackernews", settings, transport=httpx.MockTransport(answer)) as client:
        pages = await read_pages(ADAPTER, client, {})
    assert {item["objectID"] for page in pages for item in page} == {comment["objectID"] for comment in comments}
    assert [a["tags"] for a in asked] == ["story,author_whoishiring", "comment,(story_8)", "comment,(story_8)"]


async def backfilled(stories: list[dict[str, Any]], **params: Any) -> tuple[list[list[Any]], list[dict[str, str]]]:
    """The pages of a backfill of 2026-09-20 to 2026-10-05 and what was asked; a hit a second, newest first."""
    asked: list[dict[str, str]] = []
    first = int(datetime(2026, 10, 5, 23, 59, 59, tzinfo=UTC).timestamp())

    def answer(sent: httpx.Request) -> httpx.Response:
        asked.append(dict(sent.url.params))
        if asked[-1]["tags"].startswith("story"):
            return httpx.Response(200, json={"hits": stories})
        until = int((asked[-1]["numericFilters"] + ",created_at_i<=9999999999").split("<=")[1].partition(",")[0])
        times = [first - n for n in range(PAGE_SIZE + 1) if first - n <= until]
        hits = [
            {"objectID": str(at), "story_id": 8, "parent_id": 8, "created_at_i": at, "comment_text": "A | Dev"}
            for at in times[:PAGE_SIZE]
        ]
        return httpx.Response(200, json={"hits": hits})

    settings = ADAPTER.settings.model_copy(update={"requests_per_minute": 6000})
    posted, pages = Days(first=date(2026, 9, 20), last=date(2026, 10, 5)), []
    async with SourceClient("hackernews", settings, transport=httpx.MockTransport(answer)) as client:
        wanted = replace(request("hackernews", params), posted=posted)
        while True:
            payload = (await ADAPTER.fetch(client, wanted)).payload
            pages.append(ADAPTER.items(payload))
            if (cursor := ADAPTER.next_cursor(payload, wanted)) is None:
                return pages, asked
            wanted = replace(wanted, cursor=cursor)


async def test_past_days_are_asked_of_all_threads_that_were_written_in_then() -> None:
    titles = {"9": "Ask HN: Who is hiring? (October 2026)", "8": "Ask HN: Who is hiring? (September 2026)"}
    others = {"7": "Ask HN: Who wants to be hired? (September 2026)"}
    stories = [
        {"objectID": number, "title": title, "author": "whoishiring"} for number, title in (titles | others).items()
    ]
    pages, asked = await backfilled(stories)
    limits = "created_at_i>=1789862400,created_at_i<1791244800"
    assert [a["tags"] for a in asked] == ["story,author_whoishiring", "comment,(story_9,story_8)"] * 2
    # Threads of the month before the first day hold its comments.
    assert asked[0]["numericFilters"] == "created_at_i>=1787184000,created_at_i<1791244800"
    assert asked[1]["numericFilters"] == limits
    assert asked[3]["numericFilters"] == f"{limits},created_at_i<=1791244600"
    assert [len(page) for page in pages] == [PAGE_SIZE, 2]


async def test_past_days_of_a_named_thread_need_no_search_for_threads() -> None:
    _, asked = await backfilled([], thread=8)
    assert {a["tags"] for a in asked} == {"comment,(story_8)"}


async def test_days_without_a_thread_have_no_postings() -> None:
    pages, asked = await backfilled([{"objectID": "7", "title": "Ask HN: Freelancer?", "author": "whoishiring"}])
    assert (pages, len(asked)) == ([[]], 1)


async def test_no_thread_says_what_to_set() -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"hits": []})

    async with SourceClient("hackernews", ADAPTER.settings, transport=httpx.MockTransport(answer)) as client:
        with pytest.raises(SourceRejectedError, match=r"params\.thread"):
            await read_pages(ADAPTER, client, {})


@pytest.mark.parametrize(("name", "wrong"), [("thread_2024_07.json.gz", 0.10), ("postings_2018_q1.jsonl.gz", 0.09)])
def test_most_real_advertisements_name_company_and_role(shared_data: Path, name: str, wrong: float) -> None:
    page = read_payload(shared_data / "hackernews" / name)
    comments: list[Any] = page["comments"] if isinstance(page, dict) else page
    adverts = [read(c["text"]) for c in comments if c.get("text") and not c.get("dead")]
    assert sum(bool(a.company and a.roles) for a in adverts) >= (1 - wrong) * len(adverts)
