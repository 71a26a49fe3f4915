"""Recruitee's careers API: `https://{board}.recruitee.com/api/offers/`, the whole board in one answer."""

import re
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
    "offers": [
        {
            "id": 2100001, "guid": "ab1cd", "slug": "backend-developer", "position": 1, "status": "published",
            "title": "Backend Developer", "company_name": "Fernwood Freight", "department": "Engineering",
            "description": "<p>You write the services that book our trucks.</p>",
            "requirements": "<p>Three years of Ruby or Python.</p>", "highlight": None, "tags": ["ruby", "python"],
            "careers_url": "https://fernwood.recruitee.com/o/backend-developer",
            "careers_apply_url": "https://fernwood.recruitee.com/o/backend-developer/c/new",
            "employment_type_code": "fulltime_permanent", "experience_code": "mid_level",
            "education_code": "bachelor_degree", "category_code": "information_technology",
            "min_hours": 36, "max_hours": 40, "remote": False, "hybrid": True, "on_site": False,
            "location": "Berlin, Germany", "city": "Berlin", "state_name": "Berlin", "country": "Germany",
            "country_code": "DE", "postal_code": "10115",
            "locations": [
                {
                    "id": 51, "name": "Berlin office", "city": "Berlin", "state": "Berlin", "state_code": "BE",
                    "country": "Germany", "country_code": "DE", "postal_code": "10115", "street": None,
                },
            ],
            "salary": {"min": "60000", "max": "75000", "period": "year", "currency": "EUR"},
            "translations": {"en": {"title": "Backend Developer", "description": "<p>You write the services …</p>"}},
            "created_at": "2026-11-01 08:00:00 UTC", "published_at": "2026-11-02 10:10:39 UTC",
            "updated_at": "2026-11-10 11:45:30 UTC", "close_at": "2026-12-31 23:00:00 UTC",
        },
    ],
}  # fmt: skip
_SITE = "recruitee.com"
#: What an offer says of its first location beside the list of all of them.
_OWN_PLACE = ("city", "state_name", "state_code", "country", "country_code", "postal_code", "location")


class Recruitee(BoardAdapter):
    """One careers site of Recruitee, `params: {board: acme}`; ids are unique across sites."""

    name = "recruitee"
    settings = SourceSettings(base_url="https://{board}.recruitee.com")
    terms = Terms(
        allowed_use="public API made for showing an employer's openings; no key",
        good_for="boards of European employers with pay, level, hours and all languages of the text",
        url="https://docs.recruitee.com/reference/intro-to-careers-site-api",
    )
    reserved = frozenset({"www", "api", "app", "docs", "support", "help", "careers", "status", "blog", "jobs"})
    board_pattern = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,62}")  # a label of a host name
    example = EXAMPLE

    async def fetch(self, client: SourceClient, request: PageRequest) -> FetchedPage:
        """The whole board."""
        return await client.get("/api/offers/", host={"board": self.board(request.source)})

    def items(self, payload: Any) -> list[Any]:
        """The offers of the board."""
        return list_in(payload, "offers")

    def board_at(self, address: Address) -> str | None:
        """The name below recruitee.com; employers' own domains do not show whose they are."""
        return address.below(_SITE)

    def map_to_common(self, item: Any, feed: str = "") -> SourcePosting:
        """Translations that repeat the offer are not kept; the others are."""
        fields = Item(item)
        identity = fields.text("id")
        if identity is None:
            raise MappingError("id_missing", "a Recruitee offer without id")
        address = fields.link("careers_url")
        return SourcePosting(
            source_job_id=identity,
            title=fields.line("title", "sharing_title"),
            company=fields.line("company_name") or self.employer_at(address) or feed or None,
            url=address,
            apply_url=fields.link("careers_apply_url"),
            description_html=_body(fields),
            places=_places(fields),
            employment_types=fields.take(_employment, "employment_type_code", "employment_type") or [],
            remote=_workplace(fields),
            seniority=fields.take(_words, "experience_code"),
            department=fields.line("department"),
            tags=fields.strings("tags"),
            pay=_pay(fields),
            language=_language(fields),
            posted_at=fields.moment("published_at", "created_at"),
            valid_through=fields.moment("close_at"),
            extra=fields.rest(),
        )


def _body(fields: Item) -> str | None:
    parts = [fields.text(name) for name in ("description", "requirements")]
    return "\n".join(part for part in parts if part) or None


def _words(value: Any) -> str | None:
    """`mid_level` in words."""
    found = values.one_line(value)
    return found.replace("_", " ") if found else None


def _employment(code: Any) -> list[str] | None:
    """`fulltime_permanent` says two things: the hours and the contract."""
    found = values.one_line(code)
    return [_words(part) or part for part in found.split("_", 1) if part] or None if found else None


def _workplace(fields: Item) -> str | None:
    """Of three flags the careful one counts: hybrid, then remote."""
    for name, meaning in (("hybrid", "hybrid"), ("remote", "remote"), ("on_site", "onsite")):
        if fields.take(values.remote, name):
            return meaning
    return None


def _places(fields: Item) -> list[Place]:
    """All locations by city, region and country, else the offer's own; street addresses stay in extra."""
    entries = values.objects(fields.look("locations"))
    found = [place for place in (_place(entry, "state") for entry in entries) if place != Place()]
    if not found:
        own: dict[str, Any] = {name: fields.line(name) for name in _OWN_PLACE}
        return [place] if (place := _place({**own, "name": own["location"]}, "state_name")) != Place() else []
    said = {value for entry in entries for value in entry.values() if isinstance(value, str)}
    said |= {place.text for place in found if place.text}
    fields.repeated(said, *_OWN_PLACE)
    return found


def _place(entry: dict[str, Any], region: str) -> Place:
    city, state, land = (values.one_line(entry.get(name)) for name in ("city", region, "country"))
    text = ", ".join(dict.fromkeys(part for part in (city, state, land) if part)) or values.one_line(entry.get("name"))
    return Place(text=text, city=city, region=state, country=country(entry.get("country_code")) or country(land))


def _pay(fields: Item) -> OfferedPay | None:
    low, high = fields.amount("salary.min"), fields.amount("salary.max")
    if low is None and high is None:
        return None
    return OfferedPay(
        minimum=low,
        maximum=high,
        currency=fields.take(values.currency, "salary.currency"),
        period=fields.take(values.period, "salary.period"),
    )


def _language(fields: Item) -> str | None:
    """The language of an offer with a single translation; what a translation repeats of the offer is not kept."""
    translations = fields.look("translations")
    if not isinstance(translations, dict):
        return None
    for language, texts in translations.items():
        for key in texts.keys() & fields.raw.keys() if isinstance(texts, dict) else ():
            fields.repeated([str(fields.raw[key])], f"translations.{language}.{key}")
    return values.one_line(next(iter(translations))) if len(translations) == 1 else None


ADAPTER = Recruitee()
