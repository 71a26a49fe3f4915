"""A source whose answers a test decides."""

from datetime import UTC, datetime
from typing import Any

from common.contracts import SourcePosting, SourceQuery
from sources.adapter import FetchedPage, PageRequest, SourceAdapter
from sources.client import SourceClient
from sources.errors import PagePayloadError
from sources.settings import SourceSettings

AT = datetime(2025, 8, 19, 7, 0, tzinfo=UTC)


class FakeSource(SourceAdapter):
    """Answers what it is told to, `pages` before `answer` (an exception is raised); counts how often it is asked."""

    name = "fake"
    settings = SourceSettings()

    def __init__(self) -> None:
        self.asked = 0
        self.answer: Any = {"jobs": [{"id": 1}, {"id": 2}], "next": "p2"}
        self.pages: dict[int, Any] = {}

    async def fetch(self, client: SourceClient, request: PageRequest) -> FetchedPage:
        self.asked += 1
        answer = self.pages.get(request.page, self.answer)
        if isinstance(answer, Exception):
            raise answer
        return FetchedPage("https://x", {"q": request.campaign.query}, AT, AT, 200, answer)

    def items(self, payload: Any) -> list[Any]:
        if not isinstance(payload, dict):
            raise PagePayloadError("not_json", "the answer is HTML")
        return list(payload["jobs"])

    def next_cursor(self, payload: Any, request: PageRequest) -> str | None:
        return payload.get("next")  # type: ignore[no-any-return]  # a test's payload

    def map_to_common(self, item: Any, feed: str = "") -> SourcePosting:
        raise NotImplementedError

    def check(self, query: SourceQuery) -> list[str]:
        return ["board is missing"] if query.params.get("bad") else []

    def feed(self, query: SourceQuery) -> str:
        return str(query.params.get("board", ""))
