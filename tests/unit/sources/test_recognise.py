"""Which source is behind an address, or behind what a careers page holds."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from common.contracts import SourcePosting, SourceQuery
from sources.adapter import FetchedPage, PageRequest, SourceAdapter, SourceClient
from sources.board import address_of
from sources.recognise import queries_in, query_at, web_address
from sources.registry import register, unregister


class Hireful(SourceAdapter):
    """A system of which this test decides."""

    name = "hireful"

    async def fetch(self, client: SourceClient, request: PageRequest) -> FetchedPage:
        raise NotImplementedError

    def items(self, payload: Any) -> list[Any]:
        raise NotImplementedError

    def map_to_common(self, item: Any, feed: str = "") -> SourcePosting:
        raise NotImplementedError

    def query_for(self, address: str) -> SourceQuery | None:
        found = address_of(address)
        at_home = found is not None and found.host == "hireful.example" and found.part(0)
        return SourceQuery(source=self.name, params={"board": at_home}) if at_home else None


@pytest.fixture(autouse=True)
def hireful() -> Iterator[None]:
    register(Hireful())
    yield
    unregister("hireful")


def board(name: str, source: str = "hireful") -> SourceQuery:
    return SourceQuery(source=source, params={"board": name})


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://hireful.example/acme/jobs/7", board("acme")),
        ("https://boards.greenhouse.io/acme", board("acme", "greenhouse")),
        ("https://jobs.lever.co/acme/5ac21346", board("acme", "lever")),
        ("https://jobs.ashbyhq.com/acme", board("acme", "ashby")),
        ("https://acme.example/careers", None),
        ("https://hireful.example.attacker.example/acme", None),
    ],
)
def test_an_address_belongs_to_the_source_that_knows_it(address: str, expected: SourceQuery | None) -> None:
    assert query_at(address) == expected


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ('<a href="https://hireful.example/acme?x=1&amp;y=2">Jobs</a>', "acme"),
        ("<iframe src='//hireful.example/acme'></iframe>", "acme"),
        ('<script>window.board = {"url": "https:\\/\\/hireful.example\\/acme"}</script>', "acme"),
        ('<script>load("https:\\u002F\\u002Fhireful.example\\u002Facme")</script>', "acme"),
        ('<div data-src="HTTPS://hireful.example/acme"></div>', "acme"),
        ('<script src="https://boards.greenhouse.io/embed/job_board/js?for=acme"></script>', "acme"),
    ],
)
def test_a_page_names_its_board_in_links_frames_and_scripts(markup: str, expected: str) -> None:
    (found,) = queries_in(f"<html><body>{markup}<a href='/about'>About</a></body></html>")
    assert found.params == {"board": expected}


def test_the_board_that_a_page_names_most_often_comes_first() -> None:
    mentions = ("partner", "acme", "acme", "acme/jobs/7")
    page = "".join(f'<a href="https://hireful.example/{path}">x</a>' for path in mentions)
    assert [q.params["board"] for q in queries_in(page)] == ["acme", "partner"]


@pytest.mark.parametrize("page", ["//" * 99_999, "//a." * 99_999, "&#47;" * 20_000, "\x00" * 9])
def test_a_hostile_page_takes_no_time_and_names_nothing(page: str) -> None:
    started = time.perf_counter()
    assert queries_in(page) == []
    assert time.perf_counter() - started < 5


@pytest.mark.parametrize("written", ["boards.greenhouse.io/acme", "//boards.greenhouse.io/acme"])
def test_an_address_may_be_written_without_its_scheme(written: str) -> None:
    assert web_address(f" {written}\n") == "https://boards.greenhouse.io/acme"


@pytest.mark.parametrize(
    "written", ["", "acme", "ftp://a.example", "file:///etc/passwd", "https://", "https://me:pw@a.example", "https://[",
                "https://a.example:x", "https://a.example/a b", "javascript://a.example/x"],
)  # fmt: skip
def test_what_is_no_web_address_is_refused_in_words(written: str) -> None:
    with pytest.raises(ValueError, match="web address"):
        web_address(written)
