"""SmartRecruiters' posting API: `/v1/companies/{board}/postings`, 100 heads a page, and the detail of each."""

from dataclasses import replace
from typing import Any
from urllib.parse import quote

from common.contracts import OfferedPay, Place, SourcePosting
from sources import values
from sources.adapter import FetchedPage, PageRequest
from sources.board import Address, BoardAdapter
from sources.client import SourceClient
from sources.details import merged, with_details
from sources.errors import MappingError, SourceRejectedError
from sources.item import Item
from sources.page import list_in
from sources.settings import SourceSettings
from sources.terms import Terms

PAGE_SIZE = 100
#: The order in which the page of a posting shows its sections; further ones follow.
_SECTIONS = ("companyDescription", "jobDescription", "qualifications", "additionalInformation")
_EXAMPLE_HEAD: dict[str, Any] = {
    "id": "744000100000001", "name": "Warehouse Data Analyst", "uuid": "6d0b0a52-0000-4000-8000-000000000001",
    "jobAdId": "6d0b0a52-0000-4000-8000-000000000002", "defaultJobAd": True, "refNumber": "REF12A",
    "company": {"identifier": "FernwoodFreight", "name": "Fernwood Freight"},
    "releasedDate": "2026-11-02T14:00:00.000Z",
    "location": {
        "city": "Toronto", "region": "ON", "country": "ca", "remote": False, "hybrid": True, "latitude": "43.65",
        "longitude": "-79.38", "fullLocation": "Toronto, ON, Canada",
    },
    "industry": {"id": "logistics_and_supply_chain", "label": "Logistics And Supply Chain"},
    "department": {"id": 11, "label": "Operations"}, "function": {"id": "analyst", "label": "Analyst"},
    "typeOfEmployment": {"id": "permanent", "label": "Full-time"},
    "experienceLevel": {"id": "associate", "label": "Associate"},
    "visibility": "PUBLIC", "language": {"code": "en", "label": "English", "labelNative": "English (US)"},
}  # fmt: skip
EXAMPLE: dict[str, Any] = {
    "offset": 0, "limit": 100, "totalFound": 1,
    "content": [
        {
            "head": {
                **_EXAMPLE_HEAD,
                "ref": "https://api.smartrecruiters.com/v1/companies/FernwoodFreight/postings/744000100000001",
                "customField": [{"fieldId": "f1", "fieldLabel": "Shift", "valueId": "day", "valueLabel": "Day"}],
            },
            "detail": {
                **_EXAMPLE_HEAD, "active": True,
                "postingUrl": "https://jobs.smartrecruiters.com/FernwoodFreight/744000100000001-warehouse-data-analyst",
                "applyUrl": "https://jobs.smartrecruiters.com/FernwoodFreight/744000100000001-warehouse?oga=true",
                "jobAd": {
                    "sections": {
                        "companyDescription": {"title": "Company Description", "text": "<p>Freight for shops.</p>"},
                        "jobDescription": {"title": "Job Description", "text": "<p>You count what moves.</p>"},
                        "qualifications": {"title": "Qualifications", "text": "<ul><li>SQL and Excel</li></ul>"},
                        "additionalInformation": {"title": "Additional Information", "text": "<p>Day shift.</p>"},
                    },
                },
            },
        },
    ],
}  # fmt: skip


class SmartRecruiters(BoardAdapter):
    """One company of SmartRecruiters, `params: {board: WesternDigital}`.

    A page of the archive is the list as it came, with `{head, detail}` in the place of each head.
    """

    name = "smartrecruiters"
    settings = SourceSettings(base_url="https://api.smartrecruiters.com", requests_per_minute=300, concurrency=6)
    terms = Terms(
        allowed_use="public API made for showing an employer's openings; no key",
        good_for="boards of large employers with function, level, coordinates and the text in sections",
        url="https://developers.smartrecruiters.com/docs/posting-api",
    )
    reserved = frozenset({"oneclick-ui", "external-referrals", "my-applications", "sr-jobs", "search", "company"})
    example = EXAMPLE

    async def fetch(self, client: SourceClient, request: PageRequest) -> FetchedPage:
        """A page of heads from the cursor (a number to skip) on, then their details beside each other."""
        path = f"/v1/companies/{self.board(request.source)}/postings"
        page = await client.get(path, {"limit": PAGE_SIZE, "offset": request.cursor or "0"})

        async def detail(head: Any) -> FetchedPage:
            identity = values.text(head.get("id")) if isinstance(head, dict) else None
            if identity is None:
                raise SourceRejectedError("detail_unknown", "a head without id has no detail")
            return await client.get(f"{path}/{quote(identity, safe='')}")

        content = page.payload.get("content") if isinstance(page.payload, dict) else None
        if not isinstance(content, list):
            return page
        return replace(page, payload={**page.payload, "content": await with_details(content, detail)})

    def items(self, payload: Any) -> list[Any]:
        """The postings of the page; a detail that stands alone is a page of one."""
        if isinstance(payload, dict) and "content" not in payload and "jobAd" in payload:
            return [payload]
        return list_in(payload, "content")

    def next_cursor(self, payload: Any, request: PageRequest) -> str | None:
        """Behind what was read until `totalFound`."""
        content = payload.get("content") if isinstance(payload, dict) else None
        if not isinstance(content, list) or not content:
            return None
        read = int(request.cursor or 0) + len(content)
        total = values.amount(payload.get("totalFound"))
        return str(read) if (len(content) >= PAGE_SIZE if total is None else read < total) else None

    def board_at(self, address: Address) -> str | None:
        """The path's first part; of some pages what stands behind `company`."""
        if address.host == "api.smartrecruiters.com":
            return address.part(2) if address.parts[:2] == ("v1", "companies") else None
        if address.host not in {"jobs.smartrecruiters.com", "careers.smartrecruiters.com"}:
            return None
        return address.part(2) if address.part(1) == "company" else address.part(0)

    def map_to_common(self, item: Any, feed: str = "") -> SourcePosting:
        """Head and detail; without its detail a posting lacks the text, and its address is made of its id."""
        fields = Item(merged(item))
        identity = fields.text("id")
        if identity is None:
            raise MappingError("id_missing", "a SmartRecruiters posting without id")
        return SourcePosting(
            source_job_id=identity,
            title=fields.line("name"),
            company=fields.line("company.name", "company.identifier", "company") or feed or None,
            url=fields.link("postingUrl") or _address(fields, feed, identity),
            apply_url=fields.link("applyUrl"),
            description_html=_body(fields),
            places=_places(fields),
            employment_types=fields.strings("typeOfEmployment.label", "typeOfEmployment"),
            remote=_workplace(fields),
            seniority=fields.line("experienceLevel.label", "experienceLevel"),
            department=fields.line("department.label", "department", "function.label", "function"),
            pay=_pay(fields),
            language=fields.line("language.code"),
            posted_at=fields.moment("releasedDate"),
            extra=fields.rest(),
        )


def _address(fields: Item, feed: str, identity: str) -> str | None:
    """Where the posting is shown: the board's pages accept an id without the title behind it."""
    company = values.one_line(fields.look("company.identifier")) or feed
    return f"https://jobs.smartrecruiters.com/{quote(company, safe='')}/{quote(identity, safe='')}" if company else None


def _body(fields: Item) -> str | None:
    sections = fields.look("jobAd.sections")
    if not isinstance(sections, dict):
        return None
    names = [*(name for name in _SECTIONS if name in sections), *(n for n in sections if n not in _SECTIONS)]
    parts: list[str] = []
    for name in names:
        if text := fields.text(f"jobAd.sections.{name}.text"):
            title = fields.line(f"jobAd.sections.{name}.title")
            parts.append(f"<h3>{title}</h3>\n{text}" if title else text)
    return "\n".join(parts) or None


def _places(fields: Item) -> list[Place]:
    city, region = fields.line("location.city"), fields.line("location.region")
    country = fields.take(values.country, "location.country")
    written = fields.line("location.fullLocation", "location") or ", ".join(
        part for part in (city, region, country and country.upper()) if part
    )
    place = Place(
        # Where the region is missing, the full text has nothing between two commas.
        text=", ".join(part.strip() for part in written.split(",") if part.strip()) or None,
        city=city,
        region=region,
        country=country,
        latitude=fields.take(lambda v: values.coordinate(v, 90), "location.latitude"),
        longitude=fields.take(lambda v: values.coordinate(v, 180), "location.longitude"),
    )
    return [place] if place != Place() else []


def _workplace(fields: Item) -> str | None:
    if fields.take(values.remote, "location.hybrid"):
        return "hybrid"
    return fields.take(values.remote, "location.remote")


def _pay(fields: Item) -> OfferedPay | None:
    low, high = fields.amount("compensation.min"), fields.amount("compensation.max")
    if low is None and high is None:
        return None
    return OfferedPay(
        minimum=low,
        maximum=high,
        currency=fields.take(values.currency, "compensation.currency"),
        period=fields.take(values.period, "compensation.period"),
    )


ADAPTER = SmartRecruiters()
