"""A company provider that answers from a list and counts what it is asked."""

import json
from dataclasses import dataclass, field
from typing import Any

import httpx

from sources.client import SourceClient
from sources.settings import SourceSettings


def company(name: str, number: int = 1, **more: Any) -> dict[str, Any]:
    """A company as Glassdoor shows it."""
    return {
        "company_id": number, "name": name, "rating": 4.4, "review_count": 12, "company_size": "51 to 200 Employees",
        "industry": "Software", "website": f"https://{name.lower().replace(' ', '')}.example", **more,
    }  # fmt: skip


@dataclass
class Glassdoor:
    """`failures` are the answers given before any other: a status, or the text of a page."""

    companies: list[dict[str, Any]] = field(default_factory=list)
    failures: list[int | str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def answer(self, request: httpx.Request) -> httpx.Response:
        """What the API would answer to this request."""
        assert request.url.path == "/realtime-glassdoor-data/company-search"
        assert request.headers["x-api-key"] == "secret-key"
        query = request.url.params["query"]
        self.asked.append(query)
        if self.failures:
            failure = self.failures.pop(0)
            return httpx.Response(failure) if isinstance(failure, int) else httpx.Response(200, text=failure)
        word = query.lower().split()[0].split(".")[0]
        found = [c for c in self.companies if word in json.dumps([c["name"], c["website"]]).lower()]
        return httpx.Response(200, json={"status": "OK", "request_id": "r", "parameters": {}, "data": found})

    def client(self, name: str, settings: SourceSettings) -> SourceClient:
        """A client that asks this provider, once."""
        settings = settings.model_copy(update={"attempts": 1, "requests_per_minute": 60_000})
        return SourceClient(name, settings, transport=httpx.MockTransport(self.answer))
