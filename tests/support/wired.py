"""A source's adapter asked through its own client, with answers prepared in the place of the network."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from sources.adapter import FetchedPage
from sources.client import SourceClient
from sources.registry import adapter_of
from sources.settings import source_settings
from tests.support.real_items import NOW, request

Answer = Callable[[httpx.Request], Any]


@dataclass
class Wired:
    """Gives what `answer` returns: a response, or a value as JSON; notes the requests, waits for nothing."""

    source: str
    answer: Answer
    variables: dict[str, str] = field(default_factory=dict)
    requests: list[httpx.Request] = field(default_factory=list)

    async def fetch(self, params: dict[str, Any], cursor: str | None = None) -> FetchedPage:
        """One page of the source, asked for with its shipped settings."""
        adapter = adapter_of(self.source)
        rate = {f"{self.source.upper()}_REQUESTS_PER_MINUTE": "600000"}
        settings = source_settings(self.source, adapter.settings, {**rate, **self.variables})
        transport = httpx.MockTransport(self._give)
        async with SourceClient(self.source, settings, transport=transport, sleep=_no_sleep, now=lambda: NOW) as client:
            return await adapter.fetch(client, request(self.source, params, cursor))

    @property
    def urls(self) -> list[str]:
        """What was asked for, in order."""
        return [str(sent.url) for sent in self.requests]

    def body(self, index: int) -> Any:
        """The JSON that was posted."""
        return json.loads(self.requests[index].content)

    def _give(self, sent: httpx.Request) -> httpx.Response:
        self.requests.append(sent)
        given = self.answer(sent)
        return given if isinstance(given, httpx.Response) else httpx.Response(200, json=given)


async def _no_sleep(seconds: float) -> None:
    """The pause before a retry is not waited for."""
