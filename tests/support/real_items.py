"""Real items of every source, as its adapter finds them in real payloads."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from common.contracts import Campaign, SourceQuery
from sources.adapter import PageRequest, SourceAdapter
from sources.client import SourceClient
from sources.hiring.advert import read as read_advert
from sources.registry import adapter_of
from sources.settings import SourceSettings
from tests.support.payloads import load, read

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
CAMPAIGN = Campaign(
    campaign_id="c1",
    version=1,
    campaign_name="Data in Toronto",
    query="data engineer",
    country="ca",
    location="Toronto",
)
#: Which mapping of config/files.yml is made for which dump in the shared data.
DUMPS = {
    "postings/glassdoor_ds_2020.jsonl.gz": "glassdoor_ds_2020",
    "postings/indeed_ml_2022.jsonl.gz": "indeed_ml_2022",
    "postings/jobspy_*.jsonl.gz": "jobspy",
    "postings/linkedin_2024.jsonl.gz": "linkedin_2024",
    "postings/linkedin_data_analyst_2020.jsonl.gz": "linkedin_data_analyst_2020",
    "postings/microsoft_careers.jsonl.gz": "microsoft_careers",
    "postings/remotejobs_org.jsonl.gz": "remotejobs_org",
    "jsearch/table_of_search_results_2026.jsonl.gz": "jsearch_table",
}

#: Saved answers of sources in the shared data, each a page that the adapter reads as it is.
SAVED_PAGES = {
    "adzuna": "adzuna/*",
    "arbeitnow": "arbeitnow/*",
    "ashby": "ashby/*_job_board.json*",
    "hackernews": "hackernews/*",
    "himalayas": "other_boards/himalayas*",
    "jobicy": "other_boards/jobicy*",
    "recruitee": "recruitee/offers_*.json",
    "remoteok": "remoteok/*",
    "remotive": "remotive/*",
    "themuse": "themuse/*",
    "usajobs": "usajobs/*.json.gz",
    "weworkremotely": "other_boards/weworkremotely*",
    "workable": "workable/*_account.json",
    "workday": "workday/*.json",
}
#: How many real postings there are of sources of which the shared data has few; of all others it has 20 and more.
FEW = {"himalayas": 3, "jobicy": 3, "jobposting": 1, "remotive": 17} | {
    "recruitee": 2,
    "smartrecruiters": 13,
    "workable": 4,
    "workday": 11,
}
#: Of these the results were saved without their envelope.
BARE_RESULTS = {"adzuna", "themuse"}


def request(source: str, params: dict[str, Any], cursor: str | None = None) -> PageRequest:
    """A page to read for a campaign that looks for data engineers in Toronto."""
    return PageRequest(SourceQuery(source=source, params=params), CAMPAIGN, 1, cursor, NOW)


def local_client(source: str, **settings: Any) -> SourceClient:
    """A client for sources that need no network."""
    return SourceClient(source, SourceSettings(**settings), now=lambda: NOW)


async def read_pages(adapter: SourceAdapter, client: SourceClient, params: dict[str, Any]) -> list[list[Any]]:
    """The items of all pages of a query, page by page."""
    pages: list[list[Any]] = []
    asked = request(adapter.name, params)
    while True:
        payload = (await adapter.fetch(client, asked)).payload
        pages.append(adapter.items(payload))
        cursor = adapter.next_cursor(payload, asked)
        if cursor is None:
            return pages
        asked = request(adapter.name, params, cursor)


_payloads = cache(load)
_found: dict[tuple[str, Path], list[Any]] = {}


async def real_items(source: str, folder: Path) -> list[Any]:
    """All real items of a source in the shared data; for `sample` its own. Read once in a process."""
    if (source, folder) not in _found:
        _found[source, folder] = await _read_items(source, folder)
    return _found[source, folder]


async def _read_items(source: str, folder: Path) -> list[Any]:
    payloads = _payloads(folder)
    if source == "greenhouse":
        return [job for jobs in payloads.greenhouse.values() for job in jobs]
    if source == "lever":
        return [posting for postings in payloads.lever.values() for posting in postings]
    if source == "jsearch":
        return payloads.jsearch
    if source == "smartrecruiters":
        return _with_saved_details(folder)
    if source == "jobposting":
        return adapter_of(source).items(adapter_of(source).example)
    if source in SAVED_PAGES:
        return _saved_items(source, folder)
    queries = _dump_queries(folder) if source == "files" else iter([{}])
    adapter, client = adapter_of(source), local_client(source)
    found = [item for params in queries for page in await read_pages(adapter, client, params) for item in page]
    if source == "sample":
        # Without its three broken ones.
        return [item for item in found if isinstance(item, dict) and item.get("id") and item.get("title")]
    return found


def _saved_items(source: str, folder: Path) -> list[Any]:
    pages: Iterable[Any] = map(read, sorted(folder.glob(SAVED_PAGES[source])))
    if source in BARE_RESULTS:
        # Some were collected from several pulls, so that a few are there twice.
        results = [page["results"] if isinstance(page, dict) else page for page in pages]
        pages = [{"results": list({entry["id"]: entry for page in results for entry in page}.values())}]
    items = [item for page in pages for item in adapter_of(source).items(page)]
    if source == "remoteok":
        return [item for item in items if item["position"]]  # one is a placeholder without any text
    # People write into the thread of Hacker News without advertising anything.
    return [item for item in items if source != "hackernews" or _is_advert(item)]


def _is_advert(comment: dict[str, Any]) -> bool:
    if "role" in comment:  # read already, as one of several
        return True
    advert = read_advert(comment.get("text") or comment["comment_text"])
    return bool(advert.company or advert.roles)


def _with_saved_details(folder: Path) -> list[Any]:
    """The heads of SmartRecruiters' lists as `fetch` leaves them: those whose detail was saved together with it."""
    heads = [head for page in sorted(folder.glob("smartrecruiters/*_postings.json")) for head in read(page)["content"]]
    details = {detail["id"]: detail for detail in map(read, folder.glob("smartrecruiters/*_detail.json"))}
    return [{"head": head, "detail": details[head["id"]]} if head["id"] in details else head for head in heads]


def _dump_queries(folder: Path) -> Iterator[dict[str, Any]]:
    return ({"path": str(folder / path), "mapping": mapping} for path, mapping in DUMPS.items())
