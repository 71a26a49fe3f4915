"""What every source offers: fetch a page, find its items, find the next page, map an item."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from common.contracts import Campaign, Days, SourcePosting, SourceQuery
from sources.client import FetchedPage, SourceClient
from sources.settings import SourceSettings
from sources.terms import Terms

__all__ = ["FetchedPage", "PageRequest", "SourceAdapter", "SourceClient"]


@dataclass(frozen=True, slots=True)
class PageRequest:
    """One page to read; `cursor` is the source's own and None for the first page, `page` counts from 1.

    `posted`: only postings of these days (UTC) are wanted, as in a backfill; what else comes is left out.
    """

    source: SourceQuery
    campaign: Campaign
    page: int
    cursor: str | None
    requested_at: datetime
    posted: Days | None = None

    @property
    def days_back(self) -> int | None:
        """How many days back the first day wanted lies, today counted; None where all days are wanted."""
        if self.posted is None:
            return None
        return max(1, (self.requested_at.date() - self.posted.first).days + 1)


class SourceAdapter(ABC):
    """One source. Everything but `fetch` is pure and never raises anything but the error named.

    `name` is the source's name and that of its module; `settings` holds its defaults, overlaid by the environment;
    `terms` are the conditions of use. `lists_all`: a read of all pages shows every open posting of its feed, so that
    one that is missing has been closed. `dated`: past days can be asked for: its search keeps to `campaign.date_window`
    or to `request.posted`. `example` is a page in the source's own format, in our own words: the documents
    and the fake provider are made from it.
    A posting is identified by (source, source_job_id): `map_to_common` makes the id unique within the source.
    """

    name: str
    settings: SourceSettings = SourceSettings()
    terms: Terms = Terms()
    lists_all: bool = False
    dated: bool = False
    example: Any = None

    @abstractmethod
    async def fetch(self, client: SourceClient, request: PageRequest) -> FetchedPage:
        """Read one page; SourceUnavailableError (try later) or SourceRejectedError (somebody must act)."""

    @abstractmethod
    def items(self, payload: Any) -> list[Any]:
        """The raw items of a page, each complete in itself; PagePayloadError when it is no page.

        A source without paging gives its whole board at once: the caller cuts the list into batches of 100.
        """

    @abstractmethod
    def map_to_common(self, item: Any, feed: str = "") -> SourcePosting:
        """An item in canonical field names; what has none goes to `extra`. MappingError for a broken item.

        `feed` is what `feed()` gave for the query, for sources whose items do not name their employer.
        """

    def next_cursor(self, payload: Any, request: PageRequest) -> str | None:
        """Where the following page starts; None after the last. The caller keeps to `source.max_pages`."""
        return None

    def check(self, query: SourceQuery) -> list[str]:
        """What is wrong with the query's parameters, in words; empty = fine."""
        unknown = ", ".join(sorted(query.params))
        return [f"{self.name} takes no params, but got {unknown}"] if unknown else []

    def feed(self, query: SourceQuery) -> str:
        """The part of the source that is read (a board, a data set), safe as part of a path; "" if there is one."""
        return ""

    def query_for(self, address: str) -> SourceQuery | None:
        """The query that reads the board which this web address belongs to; None: not an address of this source."""
        return None
