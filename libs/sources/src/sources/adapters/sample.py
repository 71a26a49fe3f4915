"""The bundled sample: two invented boards without any network, and generated postings in any number."""

from itertools import islice
from typing import Any

from common.contracts import OfferedPay, Place, SourcePosting, SourceQuery
from sources import values
from sources.adapter import FetchedPage, PageRequest, SourceAdapter
from sources.client import SourceClient
from sources.errors import MappingError, SourceRejectedError
from sources.item import Item
from sources.page import list_in, path_safe, whole_number_faults
from sources.sample.boards import BOARDS, board
from sources.sample.generator import generate
from sources.settings import SourceSettings
from sources.terms import Terms

#: Postings a page: small on the bundled boards, so that a demo has several pages; full for generated ones.
BUNDLED_PAGE, GENERATED_PAGE = 60, 100
_PARAMS = {"board", "count", "seed"}


EXAMPLE = {
    "board": "north",
    "jobs": [
        {
            "id": "n-1001", "board": "north", "title": "Senior Data Engineer", "department": "Data",
            "url": "https://north.jobs.example/n-1001", "apply_url": "https://north.jobs.example/n-1001/apply?ref=north",
            "employer": {
                "name": "Acme", "industry": "Logistics", "size": "51-200", "website": "https://acme.example",
            },
            "locations": [{"name": "Toronto, ON", "country": "CA"}], "language": "en",
            "body": "<p>You will build pipelines in Python.</p>", "contract": "full_time", "workplace": "hybrid",
            "level": "Senior", "skills": ["python", "sql"], "posted_at": "2026-11-19T06:00:00Z",
            "salary": {"min": 95000, "max": 125000, "currency": "CAD", "period": "year"},
        },
        {"id": "n-1002", "title": "Nurse", "employer": {"name": "Acme"}, "salary": "CA$38 - CA$45 an hour"},
    ],
    "next": None,
}  # fmt: skip


class Sample(SourceAdapter):
    """`params: {board: north | south}`, without it both; or `{count: 10000, seed: 7}` for a generated sample."""

    name = "sample"
    settings = SourceSettings()
    terms = Terms(
        allowed_use="invented postings, free for any use",
        good_for="a first look without network, tests, and load in any amount",
    )
    example = EXAMPLE

    async def fetch(self, client: SourceClient, request: PageRequest) -> FetchedPage:
        """One page; the cursor is `board:postings to skip`."""
        now = client.now()
        params = request.source.params
        try:
            payload = _generated(params, request.cursor) if "count" in params else _bundled(params, request.cursor)
        except (ValueError, KeyError) as error:
            raise SourceRejectedError(
                "request_invalid", f"cursor {request.cursor!r}, params {params}: {error}"
            ) from error
        return FetchedPage("sample", params, now, now, 200, payload)

    def items(self, payload: Any) -> list[Any]:
        """The postings of the page."""
        return list_in(payload, "jobs")

    def next_cursor(self, payload: Any, request: PageRequest) -> str | None:
        """What the page says."""
        following = payload.get("next") if isinstance(payload, dict) else None
        return following if isinstance(following, str) else None

    def check(self, query: SourceQuery) -> list[str]:
        """A known board, or a count."""
        params = query.params
        faults = [f"sample does not know params.{name}" for name in sorted(set(params) - _PARAMS)]
        if params.get("board", "north") not in BOARDS:
            faults.append(f"params.board must be one of {', '.join(BOARDS)}")
        return faults + [fault for name in ("count", "seed") for fault in whole_number_faults(query, name, 0)]

    def feed(self, query: SourceQuery) -> str:
        """The board, or the seed of the generated sample."""
        if "count" in query.params:
            return path_safe(f"generated-{query.params.get('seed', 0)}")
        return path_safe(str(query.params.get("board", "")))

    def map_to_common(self, item: Any, feed: str = "") -> SourcePosting:
        """The sample's own format, mapped as if it were somebody else's."""
        fields = Item(item)
        identity = fields.text("id")
        if identity is None:
            raise MappingError("id_missing", "a sample posting without id")
        return SourcePosting(
            source_job_id=identity,
            title=fields.line("title"),
            company=fields.line("employer.name"),
            company_url=fields.link("employer.website"),
            url=fields.link("url"),
            apply_url=fields.link("apply_url"),
            description_html=fields.text("body"),
            places=fields.take(_places, "locations") or [],
            employment_types=fields.strings("contract"),
            remote=fields.line("workplace"),
            seniority=fields.line("level"),
            department=fields.line("department"),
            company_size=fields.line("employer.size"),
            tags=fields.strings("skills"),
            pay=_pay(fields),
            language=fields.line("language"),
            posted_at=fields.moment("posted_at"),
            extra=fields.rest(),
        )


def _bundled(params: dict[str, Any], cursor: str | None) -> dict[str, Any]:
    boards = [params["board"]] if "board" in params else list(BOARDS)
    name, _, skip = (cursor or f"{boards[0]}:0").partition(":")
    jobs, start = board(name), int(skip)
    following: str | None = f"{name}:{start + BUNDLED_PAGE}"
    if start + BUNDLED_PAGE >= len(jobs):
        rest = boards[boards.index(name) + 1 :]
        following = f"{rest[0]}:0" if rest else None
    return {"board": name, "jobs": jobs[start : start + BUNDLED_PAGE], "next": following}


def _generated(params: dict[str, Any], cursor: str | None) -> dict[str, Any]:
    count, seed = int(params["count"]), int(params.get("seed", 0))
    start = int((cursor or ":0").partition(":")[2])
    jobs = list(islice(generate(count, seed, start), GENERATED_PAGE))
    end = start + len(jobs)
    return {"board": "generated", "jobs": jobs, "next": f"generated:{end}" if end < count else None}


def _places(value: Any) -> list[Place] | None:
    entries = value if isinstance(value, list) else []
    if not all(isinstance(entry, dict) and entry.keys() <= {"name", "country"} for entry in entries):
        return None
    return [
        Place(text=values.one_line(e.get("name")), country=values.country(e.get("country"))) for e in entries
    ] or None


def _pay(fields: Item) -> OfferedPay | None:
    words = fields.line("salary")
    low, high = fields.amount("salary.min"), fields.amount("salary.max")
    if words is None and low is None and high is None:
        return None
    return OfferedPay(
        text=words,
        minimum=low,
        maximum=high,
        currency=fields.take(values.currency, "salary.currency"),
        period=fields.take(values.period, "salary.period"),
    )


ADAPTER = Sample()
