"""What is behind a careers address, with an outside that the test decides."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from common.contracts import SourceQuery
from extractor.clients.providers import Providers
from extractor.clients.recognition import FirstPage, Recogniser
from sources.client import SourceClient
from sources.settings import SourceSettings

CAREERS = "https://acme.example/careers"
JOBS = [{"id": n, "title": f"Engineer {n}"} for n in range(5)]
Outside = dict[str, httpx.Response]
Make = Callable[[Outside], Recogniser]


@pytest.fixture
def recogniser() -> Make:
    """One whose outside consists of these answers by address without its query; anything else is a 404."""

    def make(outside: Outside) -> Recogniser:
        def answer(request: httpx.Request) -> httpx.Response:
            return outside.get(str(request.url.copy_with(query=None)), httpx.Response(404, json={"error": "no board"}))

        def client(name: str, settings: SourceSettings, **_: Any) -> SourceClient:
            hasty = settings.model_copy(update={"requests_per_minute": 6000, "attempts": 1})
            return SourceClient(name, hasty, transport=httpx.MockTransport(answer))

        return Recogniser(Providers(client))

    return make


def board(name: str) -> str:
    return f"https://boards-api.greenhouse.io/v1/boards/{name}/jobs"


def link(name: str) -> str:
    return f'<a href="https://boards.greenhouse.io/{name}">Jobs</a>'


GREENHOUSE = SourceQuery(source="greenhouse", params={"board": "acme"})


async def test_a_boards_own_address_is_read_at_once(recogniser: Make) -> None:
    outside = {board("acme"): httpx.Response(200, json={"jobs": JOBS})}
    found = await recogniser(outside).recognise("https://boards.greenhouse.io/acme")
    assert (found.query, found.found_by, found.failure) == (GREENHOUSE, "address", None)
    assert found.first_page == FirstPage(5, False, ["Engineer 0", "Engineer 1", "Engineer 2"])


async def test_a_board_that_is_not_there_is_named_with_what_went_wrong(
    recogniser: Make,
) -> None:
    found = await recogniser({}).recognise("https://boards.greenhouse.io/acme")
    assert (found.query, found.first_page) == (GREENHOUSE, None)
    assert found.failure is not None
    assert "http_404" in found.failure


async def test_a_careers_page_leads_to_the_first_board_that_answers(
    recogniser: Make,
) -> None:
    page = f"<html>{link('gone')}{link('gone')}{link('acme')}</html>"
    outside = {CAREERS: httpx.Response(200, html=page), board("acme"): httpx.Response(200, json={"jobs": JOBS})}
    found = await recogniser(outside).recognise(CAREERS)
    assert (found.query, found.found_by, found.failure) == (GREENHOUSE, "page", None)
    assert any("greenhouse:board=gone" in tried for tried in found.tried)
    assert [q.params["board"] for q in found.others] == ["gone"]


async def test_a_careers_page_may_redirect_to_its_board(recogniser: Make) -> None:
    away = "https://boards.greenhouse.io/acme"
    outside = {
        CAREERS: httpx.Response(302, headers={"location": away}), away: httpx.Response(200, html="<html></html>"),
        board("acme"): httpx.Response(200, json={"jobs": []}),
    }  # fmt: skip
    found = await recogniser(outside).recognise(CAREERS)
    assert (found.query, found.found_by, found.first_page) == (GREENHOUSE, "redirect", FirstPage(0, False, []))


async def test_a_page_with_its_own_postings_is_read_by_the_page_reader(
    recogniser: Make,
) -> None:
    page = '<script type="application/ld+json">{"@type":"JobPosting","title":"Baker"}</script>'
    found = await recogniser({CAREERS: httpx.Response(200, html=page)}).recognise(CAREERS)
    assert found.query == SourceQuery(source="jobposting", params={"url": CAREERS})
    assert (found.found_by, found.first_page) == ("schema.org", FirstPage(1, False, ["Baker"]))


async def test_what_was_looked_for_in_vain_is_said(recogniser: Make) -> None:
    found = await recogniser({CAREERS: httpx.Response(200, html="<p>We are not hiring.</p>")}).recognise(CAREERS)
    assert (found.query, len(found.tried)) == (None, 3)
    missing = await recogniser({}).recognise(CAREERS)
    assert missing.query is None
    assert "cannot be read: http_404" in missing.tried[-1]


@pytest.mark.parametrize("host", ["127.0.0.1", "169.254.169.254", "[::1]", "10.0.0.8"])
async def test_private_addresses_are_not_asked(host: str, recogniser: Make) -> None:
    secret = httpx.Response(200, html=link("acme"))
    outside = {
        f"http://{host}/": secret,
        "https://a.example/": httpx.Response(302, headers={"location": f"http://{host}/"}),
    }
    for address in (f"http://{host}/", "https://a.example/"):
        found = await recogniser(outside).recognise(address)
        assert found.query is None
        assert "the page cannot be read" in found.tried[-1]


async def test_an_outside_that_hangs_is_given_up() -> None:
    async def hang(_: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError

    def client(name: str, settings: SourceSettings, **_: Any) -> SourceClient:
        return SourceClient(name, settings, transport=httpx.MockTransport(hang))

    found = await Recogniser(Providers(client), seconds=0.05).recognise(CAREERS)
    assert found.failure is not None
    assert "try again" in found.failure
