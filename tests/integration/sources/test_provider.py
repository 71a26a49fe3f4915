"""The sources over real HTTP against the stand-in provider, in good days and bad."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from sources.adapter import SourceAdapter
from sources.client import SourceClient
from sources.errors import MappingError, PagePayloadError, SourceRejectedError, SourceUnavailableError
from sources.registry import adapter_of
from sources.settings import source_settings
from tests.support.payloads import Payloads, load
from tests.support.provider import BROKEN_ITEMS, Fault, Provider, running_provider
from tests.support.real_items import read_pages, request

POSTINGS: dict[str, list[Any]] = {
    "greenhouse": [
        {"id": n, "title": f"Job {n}", "company_name": "Acme", "content": "&lt;p&gt;x&lt;/p&gt;"} for n in range(130)
    ],
    "lever": [{"id": str(n), "text": f"Job {n}", "hostedUrl": f"https://jobs.lever.co/acme/{n}"} for n in range(230)],
    "jsearch": [{"job_id": str(n), "job_title": f"Job {n}", "employer_name": "Acme"} for n in range(24)],
}
PARAMS = {"greenhouse": {"board": "acme"}, "lever": {"board": "acme"}, "jsearch": {}}
SOURCES = sorted(PARAMS)


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    payloads = Payloads({"acme": POSTINGS["greenhouse"]}, {"acme": POSTINGS["lever"]}, POSTINGS["jsearch"])
    with running_provider(payloads) as running:
        yield running


@pytest.fixture(params=SOURCES)
def adapter(request: pytest.FixtureRequest) -> SourceAdapter:
    return adapter_of(request.param)


@pytest.fixture
async def client(provider: Provider, adapter: SourceAdapter) -> AsyncIterator[SourceClient]:
    fast = {
        f"{adapter.name}_{name}".upper(): value for name, value in (("backoff", "0"), ("requests_per_minute", "60000"))
    }
    settings = source_settings(adapter.name, adapter.settings, {**provider.environment, **fast})
    async with SourceClient(adapter.name, settings) as client:
        yield client
    provider.faults.clear()


async def test_all_pages_are_read(adapter: SourceAdapter, client: SourceClient) -> None:
    pages = await read_pages(adapter, client, PARAMS[adapter.name])
    ids = [adapter.map_to_common(item).source_job_id for page in pages for item in page]
    assert len(ids) == len(set(ids)) == len(POSTINGS[adapter.name])


async def test_a_bad_minute_is_sat_out(provider: Provider, adapter: SourceAdapter, client: SourceClient) -> None:
    provider.faults += [
        Fault(kind="rate_limited", retry_after=0),
        Fault(kind="server_error"),
        Fault(kind="server_error"),
    ]
    before = len(provider.requests)
    page = await adapter.fetch(client, request(adapter.name, PARAMS[adapter.name]))
    assert adapter.items(page.payload)
    assert len(provider.requests) - before == 4
    assert set(page.headers) == {"x-ratelimit-remaining"}


async def test_a_bad_hour_is_handed_on(provider: Provider, adapter: SourceAdapter, client: SourceClient) -> None:
    provider.faults.append(Fault(kind="rate_limited", retry_after=900))
    with pytest.raises(SourceUnavailableError) as failure:
        await adapter.fetch(client, request(adapter.name, PARAMS[adapter.name]))
    assert failure.value.delay == 900


@pytest.mark.parametrize(
    ("kind", "reason"), [("html", "page_is_html"), ("truncated", "page_is_not_json"), ("error_object", "page_is_error")]
)
async def test_what_is_no_page_is_archived_and_named(
    provider: Provider, adapter: SourceAdapter, client: SourceClient, kind: Any, reason: str
) -> None:
    provider.faults.append(Fault(kind=kind))
    page = await adapter.fetch(client, request(adapter.name, PARAMS[adapter.name]))
    assert page.payload
    with pytest.raises(PagePayloadError) as failure:
        adapter.items(page.payload)
    assert failure.value.reason == reason


async def test_an_empty_page_ends_the_source(provider: Provider, adapter: SourceAdapter, client: SourceClient) -> None:
    provider.faults.append(Fault(kind="empty"))
    assert await read_pages(adapter, client, PARAMS[adapter.name]) == [[]]


async def test_broken_items_leave_the_others_whole(
    provider: Provider, adapter: SourceAdapter, client: SourceClient
) -> None:
    provider.faults.append(Fault(kind="broken_items"))
    page = await adapter.fetch(client, request(adapter.name, PARAMS[adapter.name]))
    failed = 0
    for item in adapter.items(page.payload):
        try:
            adapter.map_to_common(item)
        except MappingError:
            failed += 1
    assert failed == len(BROKEN_ITEMS)


async def test_a_slow_answer_within_the_limit_is_read(
    provider: Provider, adapter: SourceAdapter, client: SourceClient
) -> None:
    provider.faults.append(Fault(kind="slow", delay=0.2))
    page = await adapter.fetch(client, request(adapter.name, PARAMS[adapter.name]))
    assert adapter.items(page.payload)


@pytest.mark.parametrize("source", ["greenhouse", "lever"])
async def test_an_unknown_board_is_refused(provider: Provider, source: str) -> None:
    adapter = adapter_of(source)
    async with SourceClient(source, source_settings(source, adapter.settings, provider.environment)) as client:
        with pytest.raises(SourceRejectedError, match="http_404"):
            await adapter.fetch(client, request(source, {"board": "nobody"}))


def test_faults_can_be_asked_for_from_outside(provider: Provider) -> None:
    fault = {"kind": "html", "path": "/nowhere", "times": 3}
    assert httpx.post(f"{provider.url}/_faults", json=fault).json() == 1
    assert httpx.get(f"{provider.url}/_requests").json() == provider.requests
    provider.faults.clear()


def test_real_payloads_can_be_served(shared_data: Path) -> None:
    payloads = load(shared_data)
    assert {"stripe", "duolingo", "gitlab", "fanduel"} <= set(payloads.greenhouse)
    assert set(payloads.lever) == {"matchgroup", "palantir"}
    assert len(payloads.jsearch) == 21
    assert payloads.postings > 5000
