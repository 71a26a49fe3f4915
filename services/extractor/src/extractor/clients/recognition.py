"""Finds out what is behind a careers address: which source, and how many postings it holds."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime

from common.contracts import Campaign, SourceQuery
from extractor.clients.providers import Providers
from sources.adapter import FetchedPage, PageRequest, SourceAdapter
from sources.errors import MappingError, SourceError
from sources.json_ld import postings_of_page
from sources.recognise import queries_in, query_at
from sources.registry import adapter_of

#: Reads pages that carry their postings as schema.org data; it fits any page, so it is tried last.
_PAGE_READER = "jobposting"
#: Boards that a page names are checked in turn until one answers; a page that links to many is no careers page.
_MOST_CHECKED = 3
_TITLES = 3
_HTML = {"accept": "text/html, application/xhtml+xml"}
#: Sources ask for pages in the name of a campaign; a board gives the same to all.
_NOBODY = Campaign(campaign_id="", version=0, campaign_name="", query="", country="us")


@dataclass(frozen=True, slots=True)
class FirstPage:
    """The first page of a source: how many postings, whether there are more behind it, the first titles."""

    postings: int
    more: bool
    titles: list[str]


@dataclass(slots=True)
class Recognised:
    """What was found out: `query` is None where no source was; `failure` says why it could not be read."""

    address: str
    query: SourceQuery | None = None
    found_by: str | None = None
    first_page: FirstPage | None = None
    failure: str | None = None
    tried: list[str] = field(default_factory=list)
    others: list[SourceQuery] = field(default_factory=list)


class Recogniser:
    """Asks with the manners of each source; pages that people name are read by the client of the page reader."""

    def __init__(self, providers: Providers, *, seconds: float = 40.0) -> None:
        self._providers = providers
        self._seconds = seconds

    async def recognise(self, address: str) -> Recognised:
        """What is behind the address, `tried` in words; it ends in time whatever the other side does."""
        found = Recognised(address)
        try:
            async with asyncio.timeout(self._seconds):
                await self._recognise(found)
        except TimeoutError:
            found.failure = f"no answer within {self._seconds:.0f} s; try again"
        return found

    async def _recognise(self, found: Recognised) -> None:
        query = query_at(found.address)
        if query is not None:
            return await self._check(found, query, "address")
        found.tried.append("the address is none of a known system's own")
        page = await self._page(found)
        if page is None:
            return None
        text = str(page.payload)
        redirected = query_at(page.endpoint)
        named = [redirected] if redirected else await asyncio.to_thread(queries_in, text)
        for query in named[:_MOST_CHECKED]:
            await self._check(found, query, "redirect" if redirected else "page")
            if found.failure is None:
                found.others = [other for other in named if other != query]
                return None
            found.tried.append(f"{written(query)} is named by the page but cannot be read: {found.failure}")
        if not named:
            found.tried.append("the page names no board of a known system in its links, scripts or frames")
        carried = await asyncio.to_thread(postings_of_page, text) if "JobPosting" in text else []
        if carried:
            await self._check(found, SourceQuery(source=_PAGE_READER, params={"url": found.address}), "schema.org")
        else:
            found.tried.append("the page carries no schema.org JobPosting")
        return None

    async def _page(self, found: Recognised) -> FetchedPage | None:
        """The page at the address; None where it cannot be had."""
        try:
            return await self._providers.client(adapter_of(_PAGE_READER)).for_page().get(found.address, headers=_HTML)
        except SourceError as error:
            found.tried.append(f"the page cannot be read: {error}")
            return None

    async def _check(self, found: Recognised, query: SourceQuery, by: str) -> None:
        """Read the first page; the query stands also where that fails."""
        found.query, found.found_by, found.first_page, found.failure = query, by, None, None
        adapter = adapter_of(query.source)
        if faults := adapter.check(query):
            found.failure = "; ".join(faults)
            return
        request = PageRequest(query, _NOBODY, 1, None, datetime.now(UTC))
        try:
            page = await adapter.fetch(self._providers.client(adapter).for_page(), request)
            items = adapter.items(page.payload)
            more = query.max_pages > 1 and adapter.next_cursor(page.payload, request) is not None
        except SourceError as error:
            found.failure = str(error)
            return
        found.first_page = FirstPage(len(items), more, _titles(adapter, adapter.feed(query), items))


def written(query: SourceQuery) -> str:
    """The query as commands write it: `greenhouse:board=acme`."""
    return f"{query.source}:{query.feed}" if query.feed else query.source


def _titles(adapter: SourceAdapter, feed: str, items: list[object]) -> list[str]:
    found: list[str] = []
    for item in items[: 10 * _TITLES]:
        try:
            title = adapter.map_to_common(item, feed).title
        except MappingError:
            continue
        if title:
            found.append(title)
        if len(found) == _TITLES:
            break
    return found
