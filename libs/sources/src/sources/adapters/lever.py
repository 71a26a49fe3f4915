"""Lever's public postings API: `/v0/postings/{board}?mode=json`, 100 postings a page."""

import html
from decimal import Decimal
from typing import Any

from common.contracts import OfferedPay, Place, SourcePosting, SourceQuery
from sources import values
from sources.adapter import FetchedPage, PageRequest, SourceAdapter
from sources.client import SourceClient
from sources.errors import MappingError
from sources.item import Item
from sources.page import board_faults, board_in, list_in, path_safe
from sources.settings import SourceSettings

PAGE_SIZE = 100
#: `description` holds opening and body in one.
_PARTS_OF_DESCRIPTION = ("opening", "openingPlain", "descriptionBody", "descriptionBodyPlain")


class Lever(SourceAdapter):
    """One board of Lever, `params: {board: palantir}`; for EU boards set LEVER_BASE_URL to https://api.eu.lever.co."""

    name = "lever"
    settings = SourceSettings(base_url="https://api.lever.co", requests_per_minute=120)

    async def fetch(self, client: SourceClient, request: PageRequest) -> FetchedPage:
        """Postings from the cursor (a number to skip) on."""
        params = {"mode": "json", "skip": request.cursor or "0", "limit": PAGE_SIZE}
        return await client.get(f"/v0/postings/{self.feed(request.source)}", params)

    def items(self, payload: Any) -> list[Any]:
        """The bare array that Lever answers with."""
        return list_in(payload)

    def next_cursor(self, payload: Any, request: PageRequest) -> str | None:
        """Behind a full page another may follow."""
        found = len(payload) if isinstance(payload, list) else 0
        return str(int(request.cursor or 0) + found) if found >= PAGE_SIZE else None

    def check(self, query: SourceQuery) -> list[str]:
        """A board is needed."""
        return board_faults(query)

    def feed(self, query: SourceQuery) -> str:
        """The board."""
        return path_safe(str(query.params.get("board", "")))

    def map_to_common(self, item: Any, feed: str = "") -> SourcePosting:
        """Lever does not name the employer: its board does, found in the posting's address."""
        fields = Item(item)
        identity = fields.text("id")
        if identity is None:
            raise MappingError("id_missing", "a Lever posting without id")
        hosted = fields.link("hostedUrl")
        body = _body(fields)
        if body:
            fields.known("descriptionPlain", "additionalPlain", *_PARTS_OF_DESCRIPTION)
        return SourcePosting(
            source_job_id=identity,
            title=fields.line("text"),
            company=board_in(hosted, "lever.co") or feed or None,
            url=hosted,
            apply_url=fields.link("applyUrl"),
            description_html=body,
            description_text=None if body else fields.text("descriptionPlain"),
            places=_places(fields),
            employment_types=fields.strings("categories.commitment"),
            remote=fields.line("workplaceType"),
            department=fields.line("categories.department", "categories.team"),
            pay=_pay(fields),
            posted_at=fields.moment("createdAt"),
            extra=fields.rest(),
        )


def _body(fields: Item) -> str | None:
    """The whole text: the description, then the lists, then the closing words."""
    description, closing = fields.text("description", "descriptionBody"), fields.text("additional")
    lists = fields.look("lists")
    sections = [_section(entry) for entry in lists] if isinstance(lists, list) else []
    if sections and all(sections):
        fields.known("lists")
    return "\n".join(part for part in (description, *sections, closing) if part) or None


def _section(entry: Any) -> str | None:
    content = values.text(entry.get("content")) if isinstance(entry, dict) else None
    return f"<h3>{html.escape(values.one_line(entry.get('text')) or '')}</h3><ul>{content}</ul>" if content else None


def _places(fields: Item) -> list[Place]:
    country = fields.take(values.country, "country")
    primary = fields.line("categories.location")
    names = [primary] if primary else []
    names += [name for name in fields.strings("categories.allLocations") if name != primary]
    if not names and country:
        return [Place(country=country)]
    # The country is that of the primary location; the others may lie elsewhere.
    return [Place(text=name, country=country if name == primary else None) for name in names]


def _pay(fields: Item) -> OfferedPay | None:
    minimum: Decimal | None = fields.amount("salaryRange.min")
    maximum = fields.amount("salaryRange.max")
    words = fields.text("salaryDescriptionPlain")
    if minimum is None and maximum is None and words is None:
        return None
    return OfferedPay(
        text=words,
        minimum=minimum,
        maximum=maximum,
        currency=fields.take(values.currency, "salaryRange.currency"),
        period=fields.take(values.period, "salaryRange.interval"),
    )


ADAPTER = Lever()
