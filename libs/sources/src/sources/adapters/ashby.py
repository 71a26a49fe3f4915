"""Ashby's posting API: `/posting-api/job-board/{board}?includeCompensation=true`, the whole board in one answer."""

import re
from typing import Any

from common.contracts import OfferedPay, PayPeriod, Place, SourcePosting
from sources import values
from sources.adapter import FetchedPage, PageRequest
from sources.board import Address, BoardAdapter, address_of
from sources.client import SourceClient
from sources.countries import country
from sources.errors import MappingError
from sources.item import Item
from sources.page import list_in
from sources.settings import SourceSettings
from sources.terms import Terms

EXAMPLE: dict[str, Any] = {
    "apiVersion": "1",
    "jobs": [
        {
            "id": "5b1d7c52-0c3e-4d8e-8a44-9f0f6f0c0001", "title": "Platform Engineer", "department": "Engineering",
            "team": "Platform", "employmentType": "FullTime", "location": "Toronto", "isRemote": True,
            "secondaryLocations": [
                {"location": "Remote (Canada)", "address": {"postalAddress": {"addressCountry": "Canada"}}},
            ],
            "workplaceType": "Hybrid", "publishedAt": "2026-11-02T14:30:00.000+00:00", "isListed": True,
            "address": {
                "postalAddress": {
                    "addressLocality": "Toronto", "addressRegion": "Ontario", "addressCountry": "Canada",
                },
            },
            "jobUrl": "https://jobs.ashbyhq.com/fernwood/5b1d7c52-0c3e-4d8e-8a44-9f0f6f0c0001",
            "applyUrl": "https://jobs.ashbyhq.com/fernwood/5b1d7c52-0c3e-4d8e-8a44-9f0f6f0c0001/application",
            "descriptionHtml": "<p>You run the clusters our freight tracking lives on: Kubernetes, Go, Terraform.</p>",
            "descriptionPlain": "You run the clusters our freight tracking lives on: Kubernetes, Go, Terraform.",
            "shouldDisplayCompensationOnJobPostings": True,
            "compensation": {
                "compensationTierSummary": "CA$120K – CA$150K • Offers Equity",
                "scrapeableCompensationSalarySummary": "CA$120K - CA$150K",
                "compensationTiers": [
                    {
                        "id": "t1", "title": "Toronto", "tierSummary": "CA$120K – CA$150K",
                        "components": [
                            {
                                "id": "c1", "summary": "CA$120K – CA$150K", "compensationType": "Salary",
                                "interval": "1 YEAR", "currencyCode": "CAD", "minValue": 120000, "maxValue": 150000,
                            },
                        ],
                    },
                ],
                "summaryComponents": [
                    {
                        "compensationType": "Salary", "interval": "1 YEAR", "currencyCode": "CAD", "minValue": 120000,
                        "maxValue": 150000,
                    },
                    {
                        "compensationType": "EquityPercentage", "interval": "NONE", "currencyCode": None,
                        "minValue": None, "maxValue": None,
                    },
                ],
            },
        },
    ],
}  # fmt: skip


class Ashby(BoardAdapter):
    """One board of Ashby, `params: {board: ramp}`; a board's name may hold spaces."""

    name = "ashby"
    settings = SourceSettings(base_url="https://api.ashbyhq.com", requests_per_minute=120)
    terms = Terms(
        allowed_use="public API made for showing an employer's openings; no key",
        good_for="employers' own boards with the whole text, workplace type and pay by components",
        url="https://developers.ashbyhq.com/docs/public-job-posting-api",
    )
    board_pattern = re.compile(r"[^\W_][\w .&+'-]{0,79}")
    example = EXAMPLE

    async def fetch(self, client: SourceClient, request: PageRequest) -> FetchedPage:
        """The whole board."""
        path = f"/posting-api/job-board/{self.board(request.source)}"
        return await client.get(path, {"includeCompensation": "true"})

    def items(self, payload: Any) -> list[Any]:
        """The jobs of the board."""
        return list_in(payload, "jobs")

    def board_at(self, address: Address) -> str | None:
        """The path's first part."""
        if address.host == "api.ashbyhq.com":
            return address.part(2) if address.parts[:2] == ("posting-api", "job-board") else None
        return address.part(0) if address.host == "jobs.ashbyhq.com" else None

    def map_to_common(self, item: Any, feed: str = "") -> SourcePosting:
        """Ashby does not name the employer: its board does. A job that the employer does not list is none."""
        fields = Item(item)
        address = fields.link("jobUrl")
        identity = fields.text("id") or _id_at(address)
        if identity is None:
            raise MappingError("id_missing", "an Ashby job without id and jobUrl")
        if fields.look("isListed") is False:
            raise MappingError("not_listed", f"the employer does not show job {identity} on its board")
        body = fields.text("descriptionHtml")
        if body:
            fields.known("descriptionPlain")
        return SourcePosting(
            source_job_id=identity,
            title=fields.line("title"),
            company=self.employer_at(address) or feed or None,
            url=address,
            apply_url=fields.link("applyUrl"),
            description_html=body,
            description_text=None if body else fields.text("descriptionPlain"),
            places=_places(fields),
            employment_types=fields.strings("employmentType"),
            remote=fields.take(values.remote, "workplaceType", "isRemote"),
            department=fields.line("department", "department.name", "team"),
            pay=_pay(fields),
            posted_at=fields.moment("publishedAt"),
            extra=fields.rest(),
        )


def _id_at(address: str | None) -> str | None:
    """The last part of a job's address, which is its id; payloads without ids are documented."""
    found = address_of(address) if address else None
    return found.parts[-1] if found and found.parts else None


def _places(fields: Item) -> list[Place]:
    """The primary location and then the others; their addresses stay in extra."""
    others = values.objects(fields.look("secondaryLocations"))
    places = [_place(fields.line("location", "location.name"), fields.look("address"))]
    places += [_place(values.one_line(entry.get("location")), entry.get("address")) for entry in others]
    return [place for place in places if place != Place()]


def _place(written: str | None, address: Any) -> Place:
    # The parts may stand under `postalAddress` or by themselves.
    whole = address if isinstance(address, dict) else {}
    postal = found if isinstance(found := whole.get("postalAddress"), dict) else whole
    city, region, land = (values.one_line(postal.get(f"address{part}")) for part in ("Locality", "Region", "Country"))
    text = written or ", ".join(dict.fromkeys(part for part in (city, region, land) if part)) or None
    return Place(text=text, city=city, region=region, country=country(land))


def _pay(fields: Item) -> OfferedPay | None:
    """The salary over all tiers, else that of the first tier; tiers, equity and commission stay in extra."""
    words = fields.line("compensation.scrapeableCompensationSalarySummary", "compensation.compensationTierSummary")
    for entry in _components(fields):
        low, high = values.amount(entry.get("minValue")), values.amount(entry.get("maxValue"))
        if low is not None or high is not None:
            return OfferedPay(
                text=words,
                minimum=low,
                maximum=high,
                currency=values.currency(entry.get("currencyCode")),
                period=_period(entry.get("interval")),
            )
    return OfferedPay(text=words) if words else None


def _components(fields: Item) -> list[dict[str, Any]]:
    """What is called salary, the summary before the tiers."""
    tiers = values.objects(fields.look("compensation.compensationTiers"))
    lists = [fields.look("compensation.summaryComponents"), *(tier.get("components") for tier in tiers)]
    entries = [entry for found in lists for entry in values.objects(found)]
    return [entry for entry in entries if entry.get("compensationType") == "Salary"]


def _period(interval: Any) -> PayPeriod | None:
    """`1 YEAR` is a year; two weeks or a quarter are no period of ours."""
    said = values.one_line(interval) or ""
    return values.period(said) if said.startswith("1 ") else None


ADAPTER = Ashby()
