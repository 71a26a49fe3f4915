"""Every source over real HTTP against the fake provider, in good days and bad."""

import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from posthorn.fake_provider import app
from posthorn.fake_provider.addresses import base_url
from posthorn.fake_provider.app import Provider
from posthorn.fake_provider.faults import BROKEN_ITEMS, Fault, parse_fault
from posthorn.fake_provider.generated import Generated
from posthorn.fake_provider.saved import saved_boards
from posthorn.fake_provider.shapes import shape_of
from sources.adapter import SourceAdapter
from sources.board import BoardAdapter
from sources.client import SourceClient
from sources.errors import MappingError, PagePayloadError, SourceRejectedError, SourceUnavailableError
from sources.registry import adapter_of, adapters
from sources.settings import source_settings
from tests.support.payloads import Payloads, load
from tests.support.provider import running_provider
from tests.support.real_items import read_pages, request

POSTINGS = 230
SOURCES = [name for name in adapters() if base_url(name, "")]
WITH_DETAILS = ["smartrecruiters", "workday"]


def params(source: str, provider: Provider) -> dict[str, Any]:
    """What a query of the source has to name."""
    if source == "jobposting":
        return {"urls": [f"{provider.url}/jobposting/{n}" for n in range(1, 61)]}
    if source == "workday":
        return {"tenant": "acme", "instance": "wd5", "site": "Careers"}
    return {"board": "acme"} if isinstance(adapter_of(source), BoardAdapter) else {}


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with app.running_provider(Provider(postings=POSTINGS)) as running:
        yield running


@pytest.fixture(params=SOURCES)
def adapter(request: pytest.FixtureRequest) -> SourceAdapter:
    return adapter_of(request.param)


def client_of(adapter: SourceAdapter, provider: Provider, **more: str) -> SourceClient:
    fast = {"backoff": "0", "requests_per_minute": "60000", "attempts": "5", **more}
    variables = {f"{adapter.name}_{name}".upper(): value for name, value in fast.items()}
    return SourceClient(adapter.name, source_settings(adapter.name, adapter.settings, provider.environment | variables))


@pytest.fixture
async def client(provider: Provider, adapter: SourceAdapter) -> AsyncIterator[SourceClient]:
    async with client_of(adapter, provider) as client:
        yield client
    provider.faults.clear()


async def test_all_pages_of_generated_postings_are_read(
    provider: Provider, adapter: SourceAdapter, client: SourceClient
) -> None:
    expected = POSTINGS if adapter.name != "jobposting" else 60
    pages = await read_pages(adapter, client, params(adapter.name, provider))
    postings = [adapter.map_to_common(item, "acme") for page in pages for item in page]
    assert len({p.source_job_id for p in postings}) == expected
    # Hacker News is read by time: each page begins with the last comment of the one before.
    assert len(postings) == expected + (len(pages) - 1 if adapter.name == "hackernews" else 0)
    assert len({p.url for p in postings}) == expected
    assert len({p.title for p in postings}) > 50
    assert all(p.title and p.company for p in postings)
    assert all(len(p.description_html or p.description_text or "") > 300 for p in postings)


def test_what_is_generated_is_the_same_again(adapter: SourceAdapter) -> None:
    one, other, elsewhere = (Generated(adapter, shape_of(adapter), board, 3) for board in ("acme", "acme", "other"))
    assert one.entry(2) == other.entry(2)
    assert one.entry(2) != elsewhere.entry(2)


async def test_a_bad_minute_is_sat_out(provider: Provider) -> None:
    jsearch = adapter_of("jsearch")
    provider.faults += [
        Fault(kind="rate_limited", retry_after=0),
        Fault(kind="server_error", times=2, source="jsearch"),
    ]
    before = len(provider.requests)
    async with client_of(jsearch, provider) as client:
        page = await jsearch.fetch(client, request("jsearch", {}))
    assert jsearch.items(page.payload)
    assert len(provider.requests) - before == 4
    assert set(page.headers) == {"x-ratelimit-limit", "x-ratelimit-remaining"}
    provider.faults.clear()


async def test_a_bad_hour_is_handed_on(provider: Provider) -> None:
    jsearch = adapter_of("jsearch")
    provider.faults.append(Fault(kind="rate_limited", retry_after=900))
    async with client_of(jsearch, provider) as client:
        with pytest.raises(SourceUnavailableError) as failure:
            await jsearch.fetch(client, request("jsearch", {}))
    assert failure.value.delay == 900


async def test_what_is_no_page_is_archived_and_named(
    provider: Provider, adapter: SourceAdapter, client: SourceClient
) -> None:
    if adapter.name == "jobposting":
        pytest.skip("any web page is a page that may hold no posting")
    # A bare list has no field that could be renamed: its items are refused one by one.
    changed = [] if isinstance(adapter.example, list) else ["changed_schema"]
    for kind in ("html", "truncated", "error_object", *changed):
        provider.faults.append(Fault.model_validate({"kind": kind}))
        page = await adapter.fetch(client, request(adapter.name, params(adapter.name, provider)))
        assert page.payload
        with pytest.raises(PagePayloadError) as failure:
            adapter.items(page.payload)
        assert failure.value.reason.startswith("page_")


async def test_an_empty_page_ends_the_source(provider: Provider, adapter: SourceAdapter, client: SourceClient) -> None:
    provider.faults.append(Fault(kind="empty"))
    asked = {"url": f"{provider.url}/jobposting/1"} if adapter.name == "jobposting" else params(adapter.name, provider)
    assert await read_pages(adapter, client, asked) == [[]]


async def test_broken_items_leave_the_others_whole(
    provider: Provider, adapter: SourceAdapter, client: SourceClient
) -> None:
    provider.faults.append(Fault(kind="broken_items"))
    page = await adapter.fetch(client, request(adapter.name, params(adapter.name, provider)))
    failed = mapped = 0
    for item in adapter.items(page.payload):
        try:
            adapter.map_to_common(item, "acme")
            mapped += 1
        except MappingError:
            failed += 1
    assert failed == len(BROKEN_ITEMS)
    assert mapped >= (1 if adapter.name == "jobposting" else 10)


@pytest.mark.parametrize("kind", ["slow", "timeout"])
async def test_a_provider_that_does_not_answer_is_given_up(provider: Provider, kind: Any) -> None:
    lever = adapter_of("lever")
    provider.faults.append(Fault(kind=kind, delay=60))
    begun = time.monotonic()
    async with client_of(lever, provider, timeout="0.2", attempts="1") as client:
        with pytest.raises(SourceUnavailableError, match="timeout"):
            await lever.fetch(client, request("lever", params("lever", provider)))
    assert time.monotonic() - begun < 5
    provider.faults.clear()


@pytest.mark.parametrize("source", WITH_DETAILS)
async def test_a_missing_detail_costs_no_posting(provider: Provider, source: str) -> None:
    adapter = adapter_of(source)
    provider.faults.append(Fault(kind="detail_missing", source=source, times=3))
    async with client_of(adapter, provider) as client:
        page = await adapter.fetch(client, request(source, params(source, provider)))
    provider.faults.clear()
    items = adapter.items(page.payload)
    assert sum("detail_error" in item for item in items) == 3
    assert all(adapter.map_to_common(item, "acme").title for item in items)


@pytest.mark.parametrize("source", [n for n in SOURCES if adapter_of(n).settings.needs])
async def test_a_wrong_key_is_refused_and_the_variable_named(provider: Provider, source: str) -> None:
    adapter = adapter_of(source)
    variable = f"{source}_{adapter.settings.needs[0]}".upper()
    settings = source_settings(source, adapter.settings, provider.environment | {variable: "wrong"})
    async with SourceClient(source, settings) as client:
        with pytest.raises(SourceRejectedError, match=variable):
            await adapter.fetch(client, request(source, params(source, provider)))


async def test_given_payloads_are_served_and_other_boards_are_not() -> None:
    jobs = [{"id": n, "title": f"Job {n}", "company_name": "Acme"} for n in range(3)]
    greenhouse = adapter_of("greenhouse")
    with running_provider(Payloads(greenhouse={"acme": jobs})) as given:
        async with client_of(greenhouse, given) as client:
            assert await read_pages(greenhouse, client, {"board": "acme"}) == [jobs]
            with pytest.raises(SourceRejectedError, match="http_404"):
                await greenhouse.fetch(client, request("greenhouse", {"board": "nobody"}))


@pytest.mark.parametrize("source", ["ashby", "greenhouse", "lever", "workable"])
async def test_real_payloads_can_be_served_from_a_folder(shared_data: Path, source: str) -> None:
    adapter = adapter_of(source)
    boards = saved_boards(adapter, shared_data / source)
    with app.running_provider(Provider({source: boards})) as given:
        async with client_of(adapter, given) as client:
            for board, saved in boards.items():
                pages = await read_pages(adapter, client, {"board": board})
                assert [item for page in pages for item in page] == saved.entries != []


def test_faults_can_be_asked_for_from_outside(provider: Provider) -> None:
    fault = {"kind": "html", "path": "/nowhere", "times": 3}
    assert httpx.post(f"{provider.url}/_faults", json=fault).json() == 1
    assert httpx.get(f"{provider.url}/_requests").json() == provider.requests
    assert httpx.delete(f"{provider.url}/_faults").json() == 0
    assert provider.faults == []


def test_a_share_of_requests_goes_wrong(provider: Provider) -> None:
    provider.faults.append(parse_fault("lever:server_error=0.25"))
    with httpx.Client(base_url=f"{provider.url}/lever/v0/postings") as http:
        answers = [http.get("/acme", params={"limit": 1}).status_code for _ in range(200)]
    provider.faults.clear()
    assert 25 <= answers.count(503) <= 75
    assert answers.count(200) == 200 - answers.count(503)


@pytest.mark.parametrize("written", ["html", "html=2", "nothing=0.5", "html=x", "a b:html=1"])
def test_a_fault_written_wrongly_names_the_kinds(written: str) -> None:
    with pytest.raises(ValueError, match="rate_limited"):
        parse_fault(written)


def test_real_payloads_can_be_loaded(shared_data: Path) -> None:
    payloads = load(shared_data)
    assert {"stripe", "duolingo", "gitlab", "fanduel"} <= set(payloads.greenhouse)
    assert set(payloads.lever) == {"matchgroup", "palantir"}
    assert len(payloads.jsearch) == 21
    assert payloads.postings > 5000
