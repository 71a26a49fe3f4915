"""Workday's careers sites: `/wday/cxs/{tenant}/{site}/jobs`, 20 heads a page, and the detail of each."""

import re
from dataclasses import replace
from typing import Any

from common.contracts import Place, SourcePosting, SourceQuery
from sources import values
from sources.adapter import FetchedPage, PageRequest, SourceAdapter
from sources.board import Address, address_of
from sources.client import SourceClient
from sources.countries import country
from sources.details import merged, with_details
from sources.errors import MappingError, SourceRejectedError
from sources.item import Item
from sources.page import list_in, path_safe
from sources.settings import SourceSettings
from sources.terms import Terms

PAGE_SIZE = 20
_DOMAIN = "myworkdayjobs.com"
_PARAMS = {
    "tenant": re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}"),
    "instance": re.compile(r"wd\d{1,4}(-[a-z]{1,10})?"),
    "site": re.compile(r"[A-Za-z0-9_-]{1,80}"),
}
_LOCALE = re.compile(r"[a-z]{2}-[A-Z]{2}")
#: "3 Locations" stands for a list that only the detail holds.
_COUNT_OF_PLACES = re.compile(r"\d+ \w+", re.ASCII)
#: Legal entities carry their number in the books before their name: "2100 Fernwood Freight Inc."
_NUMBER_OF_ENTITY = re.compile(r"^\d{3,}\s+(?:-\s+)?(?=\S)")
EXAMPLE: dict[str, Any] = {
    "total": 1,
    "jobPostings": [
        {
            "head": {
                "title": "Route Planning Engineer", "locationsText": "2 Locations", "postedOn": "Posted 3 Days Ago",
                "externalPath": "/job/Toronto/Route-Planning-Engineer_R-1001", "bulletFields": ["R-1001"],
            },
            "detail": {
                "jobPostingInfo": {
                    "id": "3f0000000000100000000000000001", "title": "Route Planning Engineer",
                    "jobDescription": "<p>You plan the shortest ways: Python, graphs, maps.</p>",
                    "location": "Toronto, Ontario", "additionalLocations": ["Montreal, Quebec"],
                    "postedOn": "Posted 3 Days Ago", "startDate": "2026-11-17", "endDate": "2026-12-31",
                    "timeType": "Full time", "remoteType": "Hybrid", "jobReqId": "R-1001",
                    "jobPostingId": "Route-Planning-Engineer_R-1001", "jobPostingSiteId": "Careers",
                    "country": {"descriptor": "Canada", "id": "a30a87ed25634629aa6c3958aa2b91ea"},
                    "jobRequisitionLocation": {
                        "descriptor": "Toronto, Ontario", "country": {"descriptor": "Canada", "alpha2Code": "CA"},
                    },
                    "externalUrl":
                        "https://fernwood.wd5.myworkdayjobs.com/Careers/job/Toronto/Route-Planning-Engineer_R-1001",
                    "canApply": True, "posted": True,
                },
                "hiringOrganization": {"name": "2100 Fernwood Freight Inc.", "url": ""},
                "similarJobs": [], "userAuthenticated": False,
            },
        },
    ],
    "facets": [],
}  # fmt: skip


class Workday(SourceAdapter):
    """One careers site, `params: {tenant: nvidia, instance: wd5, site: NVIDIAExternalCareerSite}`.

    A page of the archive is the list as it came, with `{head, detail}` in the place of each head. A site shows 2,000
    postings at most: of a larger one some stay unseen, so that a missing one need not be closed.
    """

    name = "workday"
    settings = SourceSettings(
        base_url=f"https://{{tenant}}.{{instance}}.{_DOMAIN}", requests_per_minute=120, concurrency=4
    )
    terms = Terms(
        allowed_use="the interface behind an employer's public careers pages; no key, not documented",
        good_for="careers sites of the largest employers, with the whole text and all places",
        url="https://www.workday.com/en-us/legal.html",
    )
    example = EXAMPLE

    async def fetch(self, client: SourceClient, request: PageRequest) -> FetchedPage:
        """A page of heads from the cursor (a number to skip) on, then their details beside each other."""
        place = {name: str(request.source.params.get(name, "")) for name in _PARAMS}
        path = f"/wday/cxs/{place['tenant']}/{place['site']}"
        search = {"appliedFacets": {}, "limit": PAGE_SIZE, "offset": int(request.cursor or 0), "searchText": ""}
        page = await client.post(f"{path}/jobs", search, host=place)

        async def detail(head: Any) -> FetchedPage:
            external = values.text(head.get("externalPath")) if isinstance(head, dict) else None
            if external is None or not external.startswith("/"):
                raise SourceRejectedError("detail_unknown", "a head without externalPath has no detail")
            return await client.get(f"{path}{external}", host=place)

        heads = page.payload.get("jobPostings") if isinstance(page.payload, dict) else None
        if not isinstance(heads, list):
            return page
        return replace(page, payload={**page.payload, "jobPostings": await with_details(heads, detail)})

    def items(self, payload: Any) -> list[Any]:
        """The postings of the page; a detail that stands alone is a page of one."""
        if isinstance(payload, dict) and "jobPostings" not in payload and "jobPostingInfo" in payload:
            return [payload]
        return list_in(payload, "jobPostings")

    def next_cursor(self, payload: Any, request: PageRequest) -> str | None:
        """Behind a full page another may follow. Only the first page says how many there are; the others say 0."""
        heads = payload.get("jobPostings") if isinstance(payload, dict) else None
        if not isinstance(heads, list) or len(heads) < PAGE_SIZE:
            return None
        read, total = int(request.cursor or 0) + len(heads), values.amount(payload.get("total"))
        return None if total and read >= total else str(read)

    def check(self, query: SourceQuery) -> list[str]:
        """Tenant, instance and site as they stand in the address of the careers site."""
        given = {name: query.params.get(name) for name in _PARAMS}
        wrong = [n for n, v in given.items() if not (isinstance(v, str) and _PARAMS[n].fullmatch(v))]
        faults = [f"workday does not know params.{name}" for name in sorted(set(query.params) - set(_PARAMS))]
        shown = "https://TENANT.INSTANCE.myworkdayjobs.com/SITE, such as tenant acme, instance wd5, site Careers"
        return faults + [f"workday needs params.{name}, a part of {shown}" for name in wrong]

    def feed(self, query: SourceQuery) -> str:
        """`tenant.instance.site`."""
        return path_safe(".".join(str(query.params.get(name, "")) for name in _PARAMS))

    def query_for(self, address: str) -> SourceQuery | None:
        """The site that an address, also of a single job, belongs to."""
        found = address_of(address)
        params = _site_at(found) if found else None
        query = SourceQuery(source=self.name, params=params) if params else None
        return query if query and not self.check(query) else None

    def map_to_common(self, item: Any, feed: str = "") -> SourcePosting:
        """Head and detail. Ids are a tenant's own, so the site stands before them; "Posted 3 Days Ago" is no date."""
        fields = Item(merged(item))
        address = fields.link("jobPostingInfo.externalUrl")
        of_address = self.query_for(address) if address else None
        site = feed or (self.feed(of_address) if of_address else "")
        identity = _identity(fields, address)
        if identity is None:
            raise MappingError("id_missing", "a Workday posting without externalPath, posting id and requisition id")
        _known_twice(fields)
        return SourcePosting(
            source_job_id=f"{site}:{identity}" if site else identity,
            title=fields.line("jobPostingInfo.title", "title"),
            company=_employer(fields) or site.partition(".")[0] or None,
            company_url=fields.link("hiringOrganization.url"),
            url=address or _address(fields, site),
            apply_url=address,
            description_html=fields.text("jobPostingInfo.jobDescription"),
            places=_places(fields),
            employment_types=fields.strings("jobPostingInfo.timeType", "timeType"),
            remote=fields.take(values.remote, "jobPostingInfo.remoteType", "remoteType"),
            posted_at=fields.moment("jobPostingInfo.startDate"),
            valid_through=fields.moment("jobPostingInfo.endDate"),
            extra=fields.rest(),
        )


def _site_at(address: Address) -> dict[str, Any] | None:
    """`acme.wd5.myworkdayjobs.com/[en-US/]Careers/…`, or the same with `/wday/cxs/acme/Careers/…`."""
    labels = address.host.removesuffix(f".{_DOMAIN}").split(".")
    if len(labels) != 2 or not address.host.endswith(f".{_DOMAIN}"):
        return None
    parts = address.parts[3:] if address.parts[:2] == ("wday", "cxs") else address.parts
    parts = parts[1:] if parts and _LOCALE.fullmatch(parts[0]) else parts
    return {"tenant": labels[0], "instance": labels[1], "site": parts[0]} if parts else None


def _identity(fields: Item, address: str | None) -> str | None:
    """The requisition's number behind the last `_` of the path: head and detail have it, titles may change."""
    path = values.one_line(fields.look("externalPath")) or values.one_line(fields.look("jobPostingInfo.jobPostingId"))
    last = (path or address or "").rstrip("/").rpartition("/")[2]
    return last.rpartition("_")[2] or values.one_line(fields.look("jobPostingInfo.jobReqId"))


def _known_twice(fields: Item) -> None:
    """What the head says like the detail, and other jobs that come with a detail, which have their own place."""
    for head, detail in (("title", "title"), ("postedOn", "postedOn"), ("locationsText", "location")):
        if fields.look(head) == fields.look(f"jobPostingInfo.{detail}"):
            fields.known(head)
    fields.known("similarJobs")


def _employer(fields: Item) -> str | None:
    named = fields.line("hiringOrganization.name")
    return _NUMBER_OF_ENTITY.sub("", named) if named else None


def _address(fields: Item, site: str) -> str | None:
    """The page of a posting whose detail is missing."""
    path, parts = values.one_line(fields.look("externalPath")), site.split(".")
    if not path or not path.startswith("/") or len(parts) != len(_PARAMS):
        return None
    fields.known("externalPath")
    return f"https://{parts[0]}.{parts[1]}.{_DOMAIN}/{parts[2]}{path}"


def _places(fields: Item) -> list[Place]:
    """The primary location, with its country, and the additional ones; without a detail what the head says."""
    primary = fields.line("jobPostingInfo.location")
    land = fields.take(country, "jobPostingInfo.jobRequisitionLocation.country.alpha2Code")
    land = fields.take(country, "jobPostingInfo.country.descriptor") or land
    names = [primary] if primary else []
    names += [name for name in fields.strings("jobPostingInfo.additionalLocations") if name != primary]
    if not names and not _COUNT_OF_PLACES.fullmatch(values.one_line(fields.look("locationsText")) or ""):
        names = [name] if (name := fields.line("locationsText")) else []
    if not names and land:
        return [Place(country=land)]
    return [Place(text=name, country=land if name == primary else None) for name in names]


ADAPTER = Workday()
