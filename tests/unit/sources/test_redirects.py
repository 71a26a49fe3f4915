"""Redirects and conditional requests of the HTTP client."""

import asyncio

import httpx
import pytest

from sources.errors import NotModifiedError, SourceRejectedError
from tests.unit.sources.test_client import Answer, Wire, ok, status


def redirect(to: str, code: int = 302) -> Answer:
    return lambda: httpx.Response(code, headers={"location": to})  # type: ignore[return-value]  # a prepared answer


async def test_a_redirect_is_followed_and_another_host_learns_no_credentials() -> None:
    wire = Wire(redirect("/v2/jobs"), redirect("https://elsewhere.example/jobs"), ok({"jobs": [1]}))
    given = {"x-api-key": "canary-key", "accept": "text/html"}
    async with wire.client(credentials={"api_key": "canary-key"}) as client:
        page = await client.get("/jobs", {"q": "a"}, given, secrets={"app_key": "canary-key"})
    own, moved, other = wire.requests
    assert own.headers["x-api-key"] == moved.headers["x-api-key"] == "canary-key"
    assert own.url.params["app_key"] == moved.url.params["app_key"] == "canary-key"
    assert "canary-key" not in f"{other.url} {other.headers.raw}"
    assert other.headers["accept"] == "text/html"
    assert (page.endpoint, page.params, page.payload) == ("https://elsewhere.example/jobs", {"q": "a"}, {"jobs": [1]})


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("http://169.254.169.254/latest", "redirect_invalid"),
        ("https://169.254.169.254/latest", "address_denied"),
        ("https://[::1]/", "address_denied"),
        ("https://10.0.0.1:8443/x", "address_denied"),
        ("file:///etc/passwd", "address_invalid"),
        ("gopher://x.example/", "address_invalid"),
        ("http://api.example/plain", "redirect_invalid"),
        ("https://elsewhere.example/?app_key=canary-key", "redirect_invalid"),
        ("https://api.example/round", "too_many_redirects"),
    ],
)
async def test_a_redirect_to_where_nothing_is_read_is_refused(target: str, reason: str) -> None:
    wire = Wire(redirect(target))
    async with wire.client(credentials={"app_key": "canary-key"}) as client:
        with pytest.raises(SourceRejectedError) as failure:
            await client.get("/jobs", secrets={"app_key": "canary-key"})
    assert failure.value.reason == reason
    assert "canary-key" not in str(failure.value)
    assert len(wire.requests) == (6 if reason == "too_many_redirects" else 1)


async def test_the_operators_own_base_url_may_be_private() -> None:
    wire = Wire(redirect("http://127.0.0.1:8090/there"), ok([1]))
    async with wire.client(base_url="http://127.0.0.1:8090") as client:
        assert (await client.get("/here")).payload == [1]
        with pytest.raises(SourceRejectedError, match="address_denied"):
            await client.get("http://127.0.0.1:9999/other")


async def test_the_second_fetch_of_a_page_is_conditional_and_a_304_says_so() -> None:
    first = httpx.Response(200, json=[1], headers={"etag": '"v1"', "last-modified": "Fri"})
    wire = Wire(first, status(304), ok([2]))
    async with wire.client() as client:
        view = client.for_page()
        await view.get("/jobs", {"page": 1})
        known = view.fetch.validators
        with pytest.raises(NotModifiedError) as same:
            await client.for_page(known).get("/jobs", {"page": 1})
        await client.for_page(known).get("/jobs", {"page": 2})
    assert same.value.page.status == 304
    assert [r.headers.get("if-none-match") for r in wire.requests] == [None, '"v1"', None]
    assert wire.requests[1].headers["if-modified-since"] == "Fri"


async def test_a_304_that_nobody_asked_for_is_a_refusal() -> None:
    async with Wire(status(304)).client() as client:
        with pytest.raises(SourceRejectedError, match="http_304"):
            await client.get("/")


async def test_a_page_of_several_requests_is_never_conditional() -> None:
    wire = Wire(lambda: httpx.Response(200, json=[], headers={"etag": '"v1"'}))
    async with wire.client() as client:
        view = client.for_page()
        await asyncio.gather(view.get("/list"), view.get("/detail"))
    assert view.fetch.validators is None
    assert view.fetch.answers == {"2xx": 2}
