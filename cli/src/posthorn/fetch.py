"""`posthorn fetch`: pages of a source on standard output, as the archive keeps them, without server or database."""

import asyncio
import gzip
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import typer

from common.contracts import Campaign, SourceQuery
from extractor.clients.providers import Providers
from extractor.domain.advice import advised
from extractor.domain.envelope import Provenance, RawPage, pack
from posthorn.campaign import parse_source
from posthorn.output import REFUSED, errors
from sources.adapter import FetchedPage, PageRequest, SourceAdapter
from sources.errors import SourceError
from sources.recognise import query_at, web_address
from sources.registry import adapter_of, adapters


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which pages: `first` counts from 1, at most `most`; `run_id` is any text that the pages are to bear."""

    query: SourceQuery
    campaign: Campaign
    first: int
    most: int
    run_id: str


def query_of(written: str) -> SourceQuery:
    """A source as campaigns name it, or the one behind a web address; BadParameter says what is wrong."""
    if "://" not in written:
        query = SourceQuery(**parse_source(written))
    elif (found := query_at(_address(written))) is not None:
        query = found
    else:
        hint = "`posthorn source add ADDRESS` also looks at the page's links"
        raise typer.BadParameter(f"{written} is not an address of a source; {hint}")
    if query.source not in adapters():
        raise typer.BadParameter(f"there is no source {query.source!r}; known: {', '.join(adapters())}")
    if faults := adapter_of(query.source).check(query):
        raise typer.BadParameter(f"{query.source}: {'; '.join(faults)}")
    return query


def fetch_pages(wanted: Wanted) -> None:
    """Print each page as a line; exit code 1 where one could not be read, behind those that could."""
    adapter = adapter_of(wanted.query.source)
    named = f"{adapter.name}/{adapter.feed(wanted.query)}".rstrip("/")
    try:
        pages, items, more = asyncio.run(_print(adapter, wanted))
    except SourceError as error:
        errors.print(f"{named}: {advised(adapter.name, error)}", style="red", markup=False, soft_wrap=True)
        raise typer.Exit(REFUSED) from error
    told = "; there are more: --pages" if more else ""
    errors.print(f"{named}: {pages} pages, {items} postings{told}", markup=False)


async def _print(adapter: SourceAdapter, wanted: Wanted) -> tuple[int, int, bool]:
    """How many pages and postings were printed, and whether the source has more."""
    pages, items, more, feed = 0, 0, False, adapter.feed(wanted.query)
    async for number, page, follows in _read(adapter, wanted):
        unit = f"page:{number}"
        asked = Provenance(wanted.run_id, unit, wanted.campaign.campaign_id, adapter.name, feed, number)
        sys.stdout.buffer.write(gzip.decompress(pack(_raw(page), asked)) + b"\n")
        sys.stdout.buffer.flush()
        pages, items, more = pages + 1, items + len(adapter.items(page.payload)), follows
    return pages, items, more


async def _read(adapter: SourceAdapter, wanted: Wanted) -> AsyncIterator[tuple[int, FetchedPage, bool]]:
    """Page after page, and whether another follows; earlier ones are asked for, too: only they say how to go on."""
    providers = Providers()
    request = PageRequest(wanted.query, wanted.campaign, 1, None, datetime.now(UTC))
    try:
        while request.page < wanted.first + wanted.most:
            page = await adapter.fetch(providers.client(adapter).for_page(), request)
            cursor = adapter.next_cursor(page.payload, request)
            if request.page >= wanted.first:
                yield request.page, page, cursor is not None
            if cursor is None:
                return
            request = replace(request, page=request.page + 1, cursor=cursor)
    finally:
        await providers.close()


def _raw(page: FetchedPage) -> RawPage:
    return RawPage(
        endpoint=page.endpoint, params=page.params, sent_at=page.sent_at, received_at=page.received_at,
        status=page.status, headers=page.headers, payload=page.payload,
    )  # fmt: skip


def _address(written: str) -> str:
    try:
        return web_address(written)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
