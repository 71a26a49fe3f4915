"""How JobPosting objects are found in pages, and what their many shapes become."""

import html
import json
import time
from decimal import Decimal
from typing import Any

import httpx
import pytest

from common.contracts import OfferedPay, Place, SourceQuery
from sources.adapters.jobposting import ADAPTER
from sources.client import SourceClient
from sources.errors import MappingError, PagePayloadError
from tests.support.real_items import read_pages

URL = "https://acme.example/jobs?id=7"
JOB: dict[str, Any] = {
    "@type": "JobPosting",
    "title": "Baker",
    "identifier": "7",
    "hiringOrganization": {"name": "Acme"},
}


def page(*scripts: str) -> dict[str, Any]:
    """A page with these scripts of JSON-LD."""
    tags = "".join(f'<script type="application/ld+json; charset=utf-8">{text}</script>' for text in scripts)
    return {"url": URL, "html": f"<html><script>var x = '<b>'</script>{tags}<p>Jobs"}


@pytest.mark.parametrize(
    "script",
    [
        json.dumps([{"@type": "WebSite"}, JOB]),
        json.dumps({"@graph": [{"@type": "Organization"}, {**JOB, "@type": ["Thing", "JobPosting"]}]}),
        json.dumps(
            {"@type": "ItemList", "itemListElement": [{"item": {**JOB, "@type": "http://schema.org/JobPosting"}}]}
        ),
        html.escape(json.dumps(JOB)),
        f"//<![CDATA[\n{json.dumps(JOB)}\n//]]>",
        f"<!-- {json.dumps(JOB)} -->",
        json.dumps(JOB)[:-1] + ",\n}",
    ],
)
def test_a_posting_is_found_however_it_is_wrapped(script: str) -> None:
    [item] = ADAPTER.items(page(script))
    posting = ADAPTER.map_to_common(item)
    assert (posting.title, posting.company, posting.url) == ("Baker", "Acme", URL)
    assert posting.source_job_id == "acme.example:7"


def test_a_script_that_cannot_be_read_is_one_failed_item_and_the_others_stand() -> None:
    broken, sound = ADAPTER.items(page('{"@type": "JobPosting", "title": "Ba', json.dumps(JOB)))
    with pytest.raises(MappingError, match="not_an_object"):
        ADAPTER.map_to_common(broken)
    assert ADAPTER.map_to_common(sound).title == "Baker"


def test_a_page_without_postings_is_empty_and_no_text_is_no_page() -> None:
    assert ADAPTER.items(page(json.dumps({"@type": "WebSite"}))) == []
    with pytest.raises(PagePayloadError, match="page_has_no_items"):
        ADAPTER.items({"url": URL, "html": {"no": "text"}})


def test_the_example_fills_the_canonical_fields() -> None:
    posting = ADAPTER.map_to_common(ADAPTER.items(ADAPTER.example)[0])
    assert posting.places == [
        Place(text="Ottawa, ON, CA", city="Ottawa", region="ON", country="ca"),
        Place(text="Canada", country="ca"),
    ]
    assert posting.pay == OfferedPay(minimum=Decimal(95000), maximum=Decimal(120000), currency="CAD", period="year")
    assert (posting.remote, posting.employment_types, posting.language) == ("remote", ["FULL_TIME"], "en")
    assert posting.apply_url == posting.url
    assert posting.extra["hiringOrganization"] == {"logo": "https://glassworks.example/logo.png"}


@pytest.mark.parametrize(
    ("salary", "pay"),
    [
        ("50000", OfferedPay(minimum=Decimal(50000), maximum=Decimal(50000), currency="EUR")),
        ("nach Tarif", OfferedPay(text="nach Tarif", currency="EUR")),
        ({"currency": "USD", "value": {"value": 31.5, "unitText": "HOUR"}},
         OfferedPay(minimum=Decimal("31.5"), maximum=Decimal("31.5"), currency="USD", period="hour")),
        ([{"currency": "USD", "minValue": 1000, "unitText": "WEEK"}],
         OfferedPay(minimum=Decimal(1000), currency="USD", period="week")),
        ({"@type": "MonetaryAmount"}, None),
    ],
)  # fmt: skip
def test_pay_is_an_amount_a_range_or_words(salary: Any, pay: OfferedPay | None) -> None:
    assert ADAPTER.map_to_common({**JOB, "baseSalary": salary, "salaryCurrency": "EUR"}).pay == pay


def test_a_street_is_read_for_no_field_and_stays_in_extra() -> None:
    address = {"addressLocality": "Graz", "addressCountry": {"name": "Austria"}, "streetAddress": "Am Ring 1"}
    posting = ADAPTER.map_to_common({**JOB, "jobLocation": {"address": address}})
    assert posting.places == [Place(text="Graz, Austria", city="Graz", country="at")]
    assert posting.extra["jobLocation"]["address"]["streetAddress"] == "Am Ring 1"


def test_without_a_number_the_address_or_what_is_said_tells_postings_apart() -> None:
    bare = {key: value for key, value in JOB.items() if key != "identifier"} | {"@page": URL}
    assert ADAPTER.map_to_common({**bare, "url": "https://acme.example/8"}).source_job_id == "https://acme.example/8"
    ids = {ADAPTER.map_to_common({**bare, "title": title}).source_job_id for title in ("Baker", "Miller")}
    assert len(ids) == 2


async def test_each_address_is_a_page_and_keeps_its_query() -> None:
    seen: list[httpx.Request] = []

    def answer(sent: httpx.Request) -> httpx.Response:
        seen.append(sent)
        return httpx.Response(200, html=page(json.dumps(JOB))["html"])

    addresses = [URL, "https://acme.example/other#top"]
    settings = ADAPTER.settings.model_copy(update={"requests_per_minute": 6000})
    async with SourceClient("jobposting", settings, transport=httpx.MockTransport(answer)) as client:
        pages = await read_pages(ADAPTER, client, {"urls": addresses})
    assert [str(sent.url) for sent in seen] == ["https://acme.example/robots.txt", URL, "https://acme.example/other"]
    assert seen[1].headers["accept"].startswith("text/html")
    assert [item["@page"] for found in pages for item in found] == addresses


@pytest.mark.parametrize(
    "params",
    [{}, {"url": "ftp://a.example"}, {"url": "https://me:secret@a.example"}, {"urls": []}, {"urls": [7]}, {"url": 3},
     {"url": URL, "urls": [URL]}, {"url": "https://["}],
)  # fmt: skip
def test_what_is_no_address_of_a_page_is_refused(params: dict[str, Any]) -> None:
    assert ADAPTER.check(SourceQuery(source="jobposting", params=params))
    assert not ADAPTER.check(SourceQuery(source="jobposting", params={"url": URL}))
    assert ADAPTER.query_for(URL) is None


@pytest.mark.parametrize(
    "unit", ["<!--", "<script ", "<script>", '<script type="application/ld+json">', "<", "<script/"]
)
def test_a_hostile_page_is_read_in_time_that_grows_with_its_length(unit: str) -> None:
    started = time.process_time()
    assert ADAPTER.items({"url": "https://acme.example", "html": unit * (400_000 // len(unit))}) == []
    assert time.process_time() - started < 5
