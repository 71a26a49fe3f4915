"""The manners of asking a source over HTTP: limits, time-outs, retries, an honest user agent, bounded answers."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from types import TracebackType
from typing import Any, Self

import httpx
from aiolimiter import AsyncLimiter

from sources.errors import SourceRejectedError, SourceUnavailableError
from sources.json_text import parse_json
from sources.retry import is_transient, pause, retry_after
from sources.settings import SourceSettings, variable_of

USER_AGENT = "posthorn/0.1.0"
#: Response headers that are kept: what a source says about its limits, and what a later conditional request needs.
_KEPT = ("retry-after", "etag", "last-modified")


@dataclass(frozen=True, slots=True)
class FetchedPage:
    """An answer as it came, fit for the archive: no credentials in `params`, only harmless `headers`.

    `payload` is the parsed JSON if the answer parses, else its text.
    """

    endpoint: str
    params: Mapping[str, Any]
    sent_at: datetime
    received_at: datetime
    status: int
    payload: Any
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Request:
    """`params` are recorded; `headers` and `secrets` are not."""

    method: str
    url: str
    params: dict[str, Any]
    headers: dict[str, str]
    secrets: dict[str, str]

    @property
    def content(self) -> dict[str, Any]:
        return {"params": self.params | self.secrets} if self.method == "GET" else {"json": self.params}


def _utc_now() -> datetime:
    return datetime.now(UTC)


class SourceClient:
    """One source's HTTP client, shared by all its fetches of a process; close it, or use it as a context manager.

    `sleep`, `now`, `jitter` (a number in 0..1) and `transport` are for tests.
    """

    def __init__(
        self,
        name: str,
        settings: SourceSettings,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        now: Callable[[], datetime] = _utc_now,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.name = name
        self.settings = settings
        self._transport = transport
        self._sleep = sleep
        self.now = now
        self._jitter = jitter
        self._slots = asyncio.Semaphore(settings.concurrency)
        # One token a request: a burst of 60 at once is what boards call impolite.
        self._limiter = AsyncLimiter(1, 60 / settings.requests_per_minute)

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
        asked = _Request("GET", self.address(path, host), dict(params or {}), dict(headers or {}), dict(secrets or {}))
        return await self._answer(asked)

    async def post(self, path: str, body: Mapping[str, Any], *, host: Mapping[str, str] | None = None) -> FetchedPage:
        """The answer to a search that is asked for by POST of a JSON object, which is recorded as the parameters."""
        return await self._answer(_Request("POST", self.address(path, host), dict(body), {}, {}))

    def address(self, path: str, host: Mapping[str, str] | None = None) -> str:
        """The absolute address of a path of the source; an absolute address stays as it is."""
        if path.lower().startswith(("http://", "https://")):
            return path
        return self.settings.base_url.format_map(host or {}).rstrip("/") + path

    async def _answer(self, asked: _Request) -> FetchedPage:
        attempt = 0
        while True:
            attempt += 1
            try:
                return await self._attempt(asked)
            except SourceUnavailableError as error:
                wait = pause(self.settings, attempt, error.delay, self._jitter())
                if wait is None:
                    raise
                await self._sleep(wait)

    async def _attempt(self, asked: _Request) -> FetchedPage:
        async with self._slots, self._limiter:
            sent_at = self.now()
            try:
                async with asyncio.timeout(self.settings.timeout):
                    response, body = await self._send(asked)
            except (TimeoutError, httpx.TimeoutException) as error:
                raise SourceUnavailableError("timeout", f"{self.name} did not answer in time") from error
            except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
                variable = variable_of(self.name, "base_url")
                raise SourceRejectedError("address_invalid", f"{error}; check {variable}") from error
            except httpx.HTTPError as error:
                raise SourceUnavailableError("connection_failed", f"{self.name}: {error}") from error
        self._check_status(response, body)
        return FetchedPage(
            endpoint=str(response.url.copy_with(query=None)),
            params=asked.params,
            sent_at=sent_at,
            received_at=self.now(),
            status=response.status_code,
            payload=_parsed(body),
            headers={k: v for k, v in response.headers.items() if k in _KEPT or "ratelimit" in k},
        )

    async def _send(self, asked: _Request) -> tuple[httpx.Response, bytes]:
        body = bytearray()
        async with self._http.stream(asked.method, asked.url, headers=asked.headers, **asked.content) as response:
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > self.settings.max_response_bytes:
                    limit = self.settings.max_response_bytes
                    raise SourceRejectedError("response_too_large", f"{self.name} answered with over {limit} bytes")
        return response, bytes(body)

    def _check_status(self, response: httpx.Response, body: bytes) -> None:
        status = response.status_code
        if 200 <= status < 300:
            return
        said = f"{self.name} answered {status} {response.reason_phrase} for {response.url.path}: {_excerpt(body)}"
        if is_transient(status):
            reason = "rate_limited" if status == 429 else f"http_{status}"
            raise SourceUnavailableError(reason, said, retry_after(response.headers, self.now()))
        if status in {401, 403}:
            variables = " and ".join(variable_of(self.name, need) for need in self.settings.needs)
            raise SourceRejectedError(f"http_{status}", f"{said}; check {variables}" if variables else said)
        raise SourceRejectedError(f"http_{status}", said)

    @cached_property
    def _http(self) -> httpx.AsyncClient:
        # Made at the first request: loading the certificates costs 20 ms that sources without HTTP need not pay.
        contact = f" (+{self.settings.contact})" if self.settings.contact else ""
        return httpx.AsyncClient(
            headers={"user-agent": f"{USER_AGENT}{contact}", "accept": "application/json"},
            timeout=httpx.Timeout(self.settings.timeout, connect=self.settings.connect_timeout),
            limits=httpx.Limits(max_connections=self.settings.concurrency),
            # A redirect may lead to a private address; boards' APIs have none.
            follow_redirects=False,
            transport=self._transport,
        )

    async def close(self) -> None:
        """Close the connections."""
        if "_http" in self.__dict__:
            await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


def _parsed(body: bytes) -> Any:
    try:
        return parse_json(body)
    except ValueError:
        return body.decode("utf-8", "replace")


def _excerpt(body: bytes) -> str:
    return " ".join(body[:400].decode("utf-8", errors="replace").split())[:200]
