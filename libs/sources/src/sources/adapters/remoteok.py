"""Remote OK's API: `/api`, about a hundred of its newest postings behind a legal notice; once an hour is enough."""

from typing import Any

from common.contracts import OfferedPay, Place, SourcePosting, SourceQuery
from sources import values
from sources.adapter import FetchedPage, PageRequest, SourceAdapter
from sources.client import SourceClient
from sources.errors import MappingError
from sources.item import Item
from sources.page import list_in, param_faults, path_safe
from sources.quota import Quota
from sources.settings import SourceSettings
from sources.terms import Terms

_PARAMS = {"tags"}
_EXAMPLE = [
    {"last_updated": 1795000000, "legal": "Link back to Remote OK and name it as the source."},
    {
        "slug": "remote-site-reliability-engineer-lanternworks-900001",
        "id": "900001",
        "epoch": 1794990000,
        "date": "2026-11-18T06:40:00+00:00",
        "company": "Lanternworks",
        "company_logo": "https://remoteok.example/logos/900001.png",
        "logo": "https://remoteok.example/logos/900001.png",
        "position": "Site Reliability Engineer",
        "tags": ["devops", "kubernetes", "golang"],
        "description": "<p>Lanternworks runs street lights for forty towns. Keep them lit: Kubernetes, Go, on-call "
        "one week in six.</p>",
        "location": "Canada",
        "salary_min": 110000,
        "salary_max": 140000,
        "original": True,
        "url": "https://remoteok.example/remote-jobs/remote-site-reliability-engineer-lanternworks-900001",
        "apply_url": "https://remoteok.example/remote-jobs/remote-site-reliability-engineer-lanternworks-900001",
    },
]


class RemoteOk(SourceAdapter):
    """The newest postings, or those of `params: {tags: "python,remote"}`."""

    name = "remoteok"
    settings = SourceSettings(
        base_url="https://remoteok.com", requests_per_minute=2, concurrency=1, quotas=(Quota(requests=24, per="day"),)
    )
    terms = Terms(
        allowed_use="Free with a followed link (no nofollow) back to the posting's address on Remote OK and its name "
        "as the source; not its logo.",
        attribution="Source: Remote OK",
        attribution_url="https://remoteok.com",
        url="https://remoteok.com/api",
        good_for="Remote jobs in technology, about a hundred of the newest",
    )
    example = _EXAMPLE

    async def fetch(self, client: SourceClient, request: PageRequest) -> FetchedPage:
        """The one page."""
        return await client.get("/api", request.source.params)

    def items(self, payload: Any) -> list[Any]:
        """What stands behind the legal notice, which has no id."""
        entries = list_in(payload)
        return [entry for entry in entries if not (isinstance(entry, dict) and "legal" in entry and "id" not in entry)]

    def check(self, query: SourceQuery) -> list[str]:
        """Only tags."""
        return param_faults(query, _PARAMS)

    def feed(self, query: SourceQuery) -> str:
        """The tags."""
        return path_safe(query.feed)

    def map_to_common(self, item: Any, feed: str = "") -> SourcePosting:
        """Every posting is remote; `location` says where from."""
        fields = Item(item)
        identity = fields.text("id", "slug")
        if identity is None:
            raise MappingError("id_missing", "a Remote OK posting without id")
        place = fields.take(_line, "location")
        return SourcePosting(
            source_job_id=identity,
            title=fields.take(_line, "position"),
            company=fields.take(_line, "company"),
            url=fields.link("url"),
            apply_url=fields.link("apply_url"),
            description_html=fields.take(_text, "description"),
            places=[Place(text=place)] if place else [],
            remote="remote",
            tags=[_repaired(tag) for tag in fields.strings("tags")],
            pay=_pay(fields),
            posted_at=fields.moment("epoch", "date"),
            extra=fields.rest(),
        )


def _pay(fields: Item) -> OfferedPay | None:
    """Remote OK asks employers for yearly US dollars; 0 stands for none."""
    low, high = fields.amount("salary_min") or None, fields.amount("salary_max") or None
    if low is None and high is None:
        return None
    return OfferedPay(minimum=low, maximum=high, currency="USD", period=values.yearly(low, high))


def _repaired(text: str) -> str:
    """The API writes much of its text as UTF-8 that was read as Latin-1 (`GdaÅ\x84sk`); other text cannot be undone."""
    try:
        return text.encode("latin-1").decode()
    except UnicodeError:
        return text


def _text(value: Any) -> str | None:
    found = values.text(value)
    return _repaired(found) if found else None


def _line(value: Any) -> str | None:
    found = _text(value)
    return values.one_line(found)


ADAPTER = RemoteOk()
