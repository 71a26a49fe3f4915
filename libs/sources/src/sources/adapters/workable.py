"""Workable's widget API: `/api/v1/widget/accounts/{board}?details=true`, the whole board in one answer."""

from typing import Any

from common.contracts import OfferedPay, Place, SourcePosting
from sources import values
from sources.adapter import FetchedPage, PageRequest
from sources.board import Address, BoardAdapter
from sources.client import SourceClient
from sources.countries import country
from sources.errors import MappingError
from sources.item import Item
from sources.page import list_in
from sources.settings import SourceSettings
from sources.terms import Terms

EXAMPLE: dict[str, Any] = {
    "name": "Fernwood Freight",
    "description": "<p>Freight for small shops.</p>",
    "jobs": [
        {
            "title": "Support Engineer", "shortcode": "9C01D2E3F4", "code": "SUP-2", "employment_type": "Full-time",
            "telecommuting": True, "department": "Support", "url": "https://apply.workable.com/j/9C01D2E3F4",
            "shortlink": "https://apply.workable.com/j/9C01D2E3F4",
            "application_url": "https://apply.workable.com/j/9C01D2E3F4/apply",
            "published_on": "2026-11-03", "created_at": "2026-10-30", "country": "Canada", "city": "Toronto",
            "state": "Ontario", "education": "Bachelor's Degree", "experience": "Mid-Senior level",
            "function": "Engineering", "industry": "Logistics",
            "locations": [
                {"country": "Canada", "countryCode": "CA", "city": "Toronto", "region": "Ontario", "hidden": False},
            ],
            "description": "<p>You answer when a shop's shipment is stuck, and fix what held it up.</p>",
        },
    ],
}  # fmt: skip
_WORKPLACE = (
    "workplace_type", "workplace", "location.workplace_type", "telecommuting", "remote", "location.telecommuting",
)  # fmt: skip
_OF_A_PLACE = {"country", "countryCode", "city", "region", "hidden"}


class Workable(BoardAdapter):
    """One account of Workable, `params: {board: crewai}`."""

    name = "workable"
    settings = SourceSettings(base_url="https://apply.workable.com", requests_per_minute=30, concurrency=2)
    terms = Terms(
        allowed_use="public API made for showing an employer's openings; no key",
        good_for="boards of small and middle-sized employers with the whole text and the level asked for",
        url="https://help.workable.com/hc/en-us/articles/115012771647",
    )
    reserved = frozenset(
        {"j", "api", "www", "apply", "jobs", "help", "resources", "careers", "get", "id", "developers"}
    )
    example = EXAMPLE

    async def fetch(self, client: SourceClient, request: PageRequest) -> FetchedPage:
        """The whole board."""
        return await client.get(f"/api/v1/widget/accounts/{self.board(request.source)}", {"details": "true"})

    def items(self, payload: Any) -> list[Any]:
        """The jobs of the account, each with the account's name; later versions call them `results`."""
        name = "results" if isinstance(payload, dict) and "jobs" not in payload and "results" in payload else "jobs"
        jobs = list_in(payload, name)
        named = {"account_name": payload["name"]} if payload.get("name") else {}
        return [{**named, **job} if isinstance(job, dict) else job for job in jobs]

    def board_at(self, address: Address) -> str | None:
        """The path's first part at apply.workable.com, or the name below workable.com."""
        if address.host != "apply.workable.com":
            return address.below("workable.com")
        if address.part(0) != "api":
            return address.part(0)
        behind = address.parts.index("accounts") + 1 if "accounts" in address.parts else len(address.parts)
        return address.part(behind)

    def map_to_common(self, item: Any, feed: str = "") -> SourcePosting:
        """The shortcode names a job across all accounts."""
        fields = Item(item)
        identity = fields.text("shortcode")
        if identity is None:
            raise MappingError("id_missing", "a Workable job without shortcode")
        # At this address the shortcode alone leads on to the job.
        address = fields.link("url", "shortlink") or f"https://apply.workable.com/j/{identity}"
        fields.repeated([address or ""], "shortlink")
        return SourcePosting(
            source_job_id=identity,
            title=fields.line("title"),
            company=fields.line("account_name") or feed or None,
            url=address,
            apply_url=fields.link("application_url"),
            description_html=_body(fields),
            places=_places(fields),
            employment_types=fields.strings("employment_type", "type"),
            remote=fields.take(values.remote, *_WORKPLACE),
            seniority=fields.line("experience"),
            department=", ".join(fields.strings("department", "function")) or None,
            pay=_pay(fields),
            language=fields.line("language"),
            posted_at=fields.moment("published_on", "published", "created_at"),
            extra=fields.rest(),
        )


def _body(fields: Item) -> str | None:
    """The whole text; some accounts have requirements and benefits apart."""
    parts = (fields.text(name) for name in ("description", "requirements", "benefits"))
    return "\n".join(part for part in parts if part) or None


def _places(fields: Item) -> list[Place]:
    """The locations that the employer shows, else the one of the job itself."""
    listed = fields.look("locations")
    entries = values.objects(listed)
    shown = [_place(e, "region") for e in entries if e.get("hidden") is not True]
    shown = [place for place in shown if place != Place()]
    if not shown:
        return [place] if (place := _own_place(fields)) != Place() else []
    said = {value for entry in entries for value in entry.values() if isinstance(value, str)}
    fields.known(
        *(name for name in ("country", "city", "state") if isinstance(own := fields.raw.get(name), str) and own in said)
    )
    if len(shown) == (len(listed) if isinstance(listed, list) else 1) and all(e.keys() <= _OF_A_PLACE for e in entries):
        fields.known("locations")
    return shown


def _own_place(fields: Item) -> Place:
    """Of the job's `location`, beside which `state` says whether the job is published, else of the job itself."""
    if not isinstance(fields.look("location"), dict):
        return _place({name: fields.line(name) for name in ("city", "state", "country")}, "state")
    found: dict[str, Any] = {name: fields.line(f"location.{name}") for name in ("city", "region", "country")}
    code = fields.line("location.countryCode", "location.country_code")
    return _place({**found, "countryCode": code}, "region")


def _place(entry: dict[str, Any], region: str) -> Place:
    city, state, land = (values.one_line(entry.get(name)) for name in ("city", region, "country"))
    text = ", ".join(dict.fromkeys(part for part in (city, state, land) if part)) or None
    return Place(text=text, city=city, region=state, country=country(entry.get("countryCode")) or country(land))


def _pay(fields: Item) -> OfferedPay | None:
    """By the year, as Workable asks employers for it."""
    low, high = fields.amount("salary.salary_from"), fields.amount("salary.salary_to")
    if low is None and high is None:
        return None
    currency = fields.take(values.currency, "salary.salary_currency")
    return OfferedPay(minimum=low, maximum=high, currency=currency, period=values.yearly(low, high))


ADAPTER = Workable()
