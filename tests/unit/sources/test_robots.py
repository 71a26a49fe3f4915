"""What robots.txt allows, and what becomes of a page when it cannot be had."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from sources.client import SourceClient
from sources.errors import SourceRejectedError, SourceUnavailableError
from sources.settings import SourceSettings

FOR_ALL = "User-agent: *\nDisallow: /private\nDisallow: /*?session=\nAllow: /private/jobs\n"
FOR_US = f"{FOR_ALL}\nUser-agent: posthorn\nDisallow: /"


class Site:
    """Serves a robots.txt and pages, and notes what was asked for."""

    def __init__(self, robots: Callable[[], httpx.Response]) -> None:
        self.robots = robots
        self.paths: list[str] = []
        self.now = datetime(2026, 11, 20, 12, tzinfo=UTC)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.paths.append(request.url.path)
        return self.robots() if request.url.path == "/robots.txt" else httpx.Response(200, text="page")

    def client(self) -> SourceClient:
        async def sleep(_: float) -> None: ...

        given = SourceSettings(requests_per_minute=60_000, respect_robots=True, attempts=2)
        transport = httpx.MockTransport(self)
        return SourceClient("jobposting", given, transport=transport, sleep=sleep, now=lambda: self.now)


@pytest.mark.parametrize(
    ("path", "allowed"),
    [("/jobs", True), ("/private/a", False), ("/private/jobs/1", True), ("/jobs?session=1", False)],
)
async def test_the_longest_rule_decides(path: str, allowed: bool) -> None:
    async with Site(lambda: httpx.Response(200, text=FOR_ALL)).client() as client:
        if allowed:
            assert (await client.get(f"https://acme.example{path}")).payload == "page"
        else:
            with pytest.raises(SourceRejectedError, match="robots_disallowed"):
                await client.get(f"https://acme.example{path}")


async def test_a_rule_for_us_by_name_counts_more_than_that_for_all() -> None:
    async with Site(lambda: httpx.Response(200, text=FOR_US)).client() as client:
        with pytest.raises(SourceRejectedError, match=r"https://acme\.example/robots\.txt forbids reading /jobs"):
            await client.get("https://acme.example/jobs")


async def test_rules_are_asked_for_once_an_hour_and_host() -> None:
    site = Site(lambda: httpx.Response(404))
    async with site.client() as client:
        for _ in range(3):
            await client.get("https://acme.example/jobs")
        await client.get("https://other.example/jobs")
        assert site.paths.count("/robots.txt") == 2
        site.now += timedelta(minutes=61)
        await client.get("https://acme.example/jobs")
    assert site.paths.count("/robots.txt") == 3


async def test_a_server_in_trouble_is_left_alone_for_five_minutes() -> None:
    site = Site(lambda: httpx.Response(503))
    async with site.client() as client:
        for _ in range(2):
            with pytest.raises(SourceUnavailableError) as failure:
                await client.get("https://acme.example/jobs")
            assert (failure.value.reason, failure.value.delay) == ("robots_unavailable", 300)
    assert site.paths == ["/robots.txt"] * 2


async def test_sources_with_an_api_do_not_ask() -> None:
    site = Site(lambda: httpx.Response(200, text=FOR_US))
    async with SourceClient("lever", SourceSettings(), transport=httpx.MockTransport(site)) as client:
        await client.get("https://acme.example/private/a")
    assert site.paths == ["/private/a"]
