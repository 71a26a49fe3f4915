"""Lever's public postings API: `/v0/postings/{board}?mode=json`, 100 postings a page."""

import html
from decimal import Decimal
from typing import Any

from common.contracts import OfferedPay, Place, SourcePosting, SourceQuery
from sources import values
from sources.adapter import FetchedPage, PageRequest
from sources.board import Address, BoardAdapter
from sources.client import SourceClient
from sources.errors import MappingError
from sources.item import Item
from sources.page import list_in
from sources.settings import SourceSettings
from sources.terms import Terms

PAGE_SIZE = 100
#: `description` holds opening and body in one.
_PARTS_OF_DESCRIPTION = ("opening", "openingPlain", "descriptionBody", "descriptionBodyPlain")


#: Boards live in one of two regions: where the pages of each are, and where its API is.
_BOARD_HOSTS = {"jobs.lever.co": "", "jobs.eu.lever.co": "eu"}
_API_HOSTS = {"api.lever.co": "", "api.eu.lever.co": "eu"}
EXAMPLE: list[dict[str, Any]] = [
    {
        "id": "0f3a5c1e-7d42-4c9b-9a51-2f64c1f0a001", "text": "Analytics Engineer", "createdAt": 1793613600000,
        "hostedUrl": "https://jobs.lever.co/fernwood/0f3a5c1e-7d42-4c9b-9a51-2f64c1f0a001",
        "applyUrl": "https://jobs.lever.co/fernwood/0f3a5c1e-7d42-4c9b-9a51-2f64c1f0a001/apply",
        "country": "CA", "workplaceType": "hybrid",
        "categories": {
            "commitment": "Full-time", "department": "Data", "team": "Reporting", "location": "Toronto",
            "allLocations": ["Toronto", "Montreal"],
        },
        "description": "<div>You build the tables that others decide by.</div>",
        "descriptionPlain": "You build the tables that others decide by.",
        "lists": [{"text": "You bring", "content": "<li>SQL and dbt</li><li>Three years with a warehouse</li>"}],
        "additional": "<div>We answer every application.</div>", "additionalPlain": "We answer every application.",
        "salaryRange": {"min": 90000, "max": 115000, "currency": "CAD", "interval": "per-year-salary"},
        "salaryDescription": "<div>A bonus comes on top.</div>", "salaryDescriptionPlain": "A bonus comes on top.",
    },
]  # fmt: skip


class Lever(BoardAdapter):
    """One board of Lever, `params: {board: palantir}`; `region: eu` for boards at jobs.eu.lever.co."""

    name = "lever"
    settings = SourceSettings(base_url="https://api{region}.lever.co", requests_per_minute=120)
    terms = Terms(
        allowed_use="public API made for showing an employer's openings; no key",
        good_for="employers' own boards with the whole text, workplace type and often pay",
        url="https://github.com/lever/postings-api",
    )
    example = EXAMPLE

    async def fetch(self, client: SourceClient, request: PageRequest) -> FetchedPage:
        """Postings from the cursor (a number to skip) on."""
        params = {"mode": "json", "skip": request.cursor or "0", "limit": PAGE_SIZE}
        region = ".eu" if request.source.params.get("region") == "eu" else ""
        return await client.get(f"/v0/postings/{self.board(request.source)}", params, host={"region": region})

    def items(self, payload: Any) -> list[Any]:
        """The bare array that Lever answers with, of postings or of groups of them."""
        return [posting for entry in list_in(payload) for posting in _postings(entry)]

    def next_cursor(self, payload: Any, request: PageRequest) -> str | None:
        """Behind a full page another may follow."""
        found = len(payload) if isinstance(payload, list) else 0
        return str(int(request.cursor or 0) + found) if found >= PAGE_SIZE else None

    def check(self, query: SourceQuery) -> list[str]:
        """A board is needed; the region is the EU or left out."""
        faults = super().check(query)
        if query.params.get("region") not in {None, "eu"}:
            faults.append("params.region is `eu` or left out")
        return faults

    def board_at(self, address: Address) -> str | None:
        """The path's first part."""
        if address.host in _API_HOSTS:
            return address.part(2) if address.parts[:2] == ("v0", "postings") else None
        return address.part(0) if address.host in _BOARD_HOSTS else None

    def params_at(self, address: Address) -> dict[str, Any] | None:
        """With the region of the host."""
        params = super().params_at(address)
        region = (_BOARD_HOSTS | _API_HOSTS).get(address.host)
        return {**params, "region": region} if params and region else params

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
        pay = _pay(fields)
        if pay and pay.text:
            fields.known("salaryDescription")
        return SourcePosting(
            source_job_id=identity,
            title=fields.line("text"),
            company=self.employer_at(hosted) or feed or None,
            url=hosted,
            apply_url=fields.link("applyUrl"),
            description_html=body,
            description_text=None if body else fields.text("descriptionPlain"),
            places=_places(fields),
            employment_types=fields.strings("categories.commitment"),
            remote=fields.take(values.remote, "workplaceType"),
            department=fields.line("categories.department", "categories.team"),
            pay=pay,
            posted_at=fields.moment("createdAt"),
            extra=fields.rest(),
        )


def _postings(entry: Any) -> list[Any]:
    grouped = entry.get("postings") if isinstance(entry, dict) else None
    return grouped if isinstance(grouped, list) else [entry]


def _body(fields: Item) -> str | None:
    """The whole text: the description, then the lists, then the closing words."""
    description, closing = fields.text("description", "descriptionBody"), fields.text("additional")
    sections = [_section(entry) for entry in values.objects(fields.look("lists"))]
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
