"""A source's HTTP client: what adapters ask through, and the page that comes of it."""

import asyncio
import copy
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import TracebackType
from typing import Any, Self

import httpx

from sources.asking import Asking, Clock, Gate, utc_now
from sources.errors import NotModifiedError, SourceRejectedError
from sources.exchange import Request
from sources.fetch import Fetch, Validators
from sources.json_text import parse_json
from sources.redaction import Redaction
from sources.retry import is_limit
from sources.settings import SourceSettings, variable_of
from sources.wire import Wire

#: Response headers that are kept beside what a source says about its limits.
_KEPT = ("retry-after", "etag", "last-modified")


@dataclass(frozen=True, slots=True)
class FetchedPage:
    """An answer as it came, fit for the archive: no credentials in it, only harmless `headers`.

    `payload` is the parsed JSON if the answer parses, else its text.
    """

    endpoint: str
    params: Mapping[str, Any]
    sent_at: datetime
    received_at: datetime
    status: int
    payload: Any
    headers: Mapping[str, str] = field(default_factory=dict)


class SourceClient:
    """One source's HTTP client, shared by all its fetches of a process; close it, or use it as a context manager.

    `gate` keeps the quotas that all processes share. `sleep`, `now`, `jitter` (a number in 0..1) and `transport` are
    for tests.
    """

    def __init__(
        self,
        name: str,
        settings: SourceSettings,
        *,
        gate: Gate | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        now: Callable[[], datetime] = utc_now,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.name = name
        self.settings = settings
        self.now = now
        self.fetch = Fetch()
        self._redaction = Redaction(settings.credentials.values())
        self._wire = Wire(name, settings, self._redaction, transport)
        self._asking = Asking(name, settings, self._wire, self._redaction, gate, Clock(now, sleep, jitter))

    def for_page(self, known: Validators | None = None) -> Self:
        """This client for one fetch, whose `fetch` tells afterwards what it took.

        Its first request, if it is the one that `known` belongs to, is conditional: NotModifiedError comes of it
        where the answer is still the same.
        """
        client = copy.copy(self)
        client.fetch = Fetch(known)
        return client

    def credential(self, name: str) -> str:
        """A credential that the source needs; SourceRejectedError says which variable to set."""
        if name not in self.settings.credentials:
            variable = variable_of(self.name, name)
            raise SourceRejectedError("credential_missing", f"set {variable}: {self.name} needs it")
        return self.settings.credentials[name].get_secret_value()

    async def get(
        self,
        path: str,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        secrets: Mapping[str, str] | None = None,
        host: Mapping[str, str] | None = None,
    ) -> FetchedPage:
        """The answer to one GET, retried while it may help.

        `headers` and `secrets` (further parameters) may hold credentials and are not recorded. `host` fills the places
        of `base_url`, such as {"board": "acme"}.
        """
        given = (dict(params or {}), dict(headers or {}), dict(secrets or {}))
        return await self._page(Request("GET", self.address(path, host), *given))

    async def post(self, path: str, body: Mapping[str, Any], *, host: Mapping[str, str] | None = None) -> FetchedPage:
        """The answer to a search that is asked for by POST of a JSON object, which is recorded as the parameters."""
        return await self._page(Request("POST", self.address(path, host), dict(body)))

    def address(self, path: str, host: Mapping[str, str] | None = None) -> str:
        """The absolute address of a path of the source; an absolute address stays as it is."""
        if path.lower().startswith(("http://", "https://")):
            return path
        return self.settings.base_url.format_map(host or {}).rstrip("/") + path

    async def _page(self, asked: Request) -> FetchedPage:
        conditions = self.fetch.conditions(asked)
        sent_at = self.now()
        answer = await self._asking.answer(replace(asked, headers={**asked.headers, **conditions}), self.fetch.answers)
        page = FetchedPage(
            endpoint=self._redaction.text(_without_query(answer.url)),
            params={k: self._redaction.text(v) if isinstance(v, str) else v for k, v in asked.params.items()},
            sent_at=sent_at,
            received_at=self.now(),
            status=answer.status,
            payload=None if answer.status == 304 else _parsed(answer.body),
            headers={k: self._redaction.text(v) for k, v in answer.headers.items() if k in _KEPT or is_limit(k)},
        )
        self.fetch.answered(asked, page.headers.get("etag"), page.headers.get("last-modified"))
        if answer.status == 304:
            raise NotModifiedError(page)
        return page

    async def close(self) -> None:
        """Close the connections."""
        await self._wire.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


def _without_query(url: httpx.URL) -> str:
    if url.userinfo or url.fragment:
        return str(url.copy_with(query=None, userinfo=b""))
    return str(url).partition("?")[0]  # a fifth of the time


def _parsed(body: bytes) -> Any:
    try:
        return parse_json(body)
    except ValueError:
        return body.decode("utf-8", "replace")
