"""One request on the wire and its answer: bounded in time and size, to places that may be asked."""

import asyncio
from functools import cached_property
from typing import TYPE_CHECKING

import httpx

from sources.errors import SourceRejectedError, SourceUnavailableError
from sources.exchange import Answer, Request
from sources.redaction import Redaction
from sources.settings import SourceSettings, variable_of

if TYPE_CHECKING:
    from sources.network import Trusted

USER_AGENT = "posthorn/0.1.0"
#: Codings whose expansion stays within what one chunk of 64 KB can hold.
_CODINGS = {"", "identity", "gzip", "deflate"}


class Wire:
    """The HTTP client of a source, shared by all its fetches of a process.

    Requests go to the transport as they are. Redirects are followed by us, where each target can be looked at; no
    cookie is kept.
    """

    def __init__(
        self, name: str, settings: SourceSettings, redaction: Redaction, transport: httpx.AsyncBaseTransport | None
    ) -> None:
        self._name = name
        self._settings = settings
        self._redaction = redaction
        self._transport = transport
        contact = f" (+{settings.contact})" if settings.contact else ""
        self._headers = {
            "user-agent": f"{USER_AGENT}{contact}", "accept": "application/json", "accept-encoding": "gzip, deflate",
        }  # fmt: skip
        self._timeouts = httpx.Timeout(settings.timeout, connect=settings.connect_timeout).as_dict()

    async def send(self, request: Request) -> Answer:
        """One answer, whatever its status; SourceUnavailableError if none came, SourceRejectedError if none may."""
        try:
            async with asyncio.timeout(self._settings.timeout):
                return await self._send(request)
        except (TimeoutError, httpx.TimeoutException) as error:
            raise SourceUnavailableError("timeout", f"{self._name} did not answer in time") from error
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            said = self._redaction.text(str(error))
            variable = variable_of(self._name, "base_url")
            raise SourceRejectedError("address_invalid", f"{said}; check {variable}") from None
        except httpx.HTTPError as error:
            said = self._redaction.text(str(error))
            raise SourceUnavailableError("connection_failed", f"{self._name}: {said}") from error

    async def _send(self, request: Request) -> Answer:
        target = request.target
        self._trusted.check(target)
        headers = self._headers | {name.lower(): value for name, value in request.headers.items()}
        asked = httpx.Request(
            request.method, target, headers=headers,
            json=dict(request.params) if request.method == "POST" else None, extensions={"timeout": self._timeouts},
        )  # fmt: skip
        response = await self._way.handle_async_request(asked)
        try:
            body = await self._body(response)
        finally:
            await response.aclose()
        return Answer(response.status_code, response.reason_phrase, target, response.headers, body)

    async def _body(self, response: httpx.Response) -> bytes:
        coding = response.headers.get("content-encoding", "").strip().lower()
        if coding not in _CODINGS:
            raise SourceRejectedError(
                "encoding_unsupported", f"{self._name} answered in {coding!r}, which was not asked"
            )
        chunks: list[bytes] = []
        limit = left = self._settings.max_response_bytes
        async for chunk in response.aiter_bytes():
            chunks.append(chunk)
            left -= len(chunk)
            if left < 0:
                raise SourceRejectedError("response_too_large", f"{self._name} answered with over {limit} bytes")
        return self._redaction.body(b"".join(chunks))

    @cached_property
    def _trusted(self) -> "Trusted":
        # Imported with the first request, as it brings the web framework along that reading files needs not.
        from sources.network import Trusted

        return Trusted(self._settings.base_url)

    @cached_property
    def _way(self) -> httpx.AsyncBaseTransport:
        # Made at the first request: loading the certificates costs 20 ms that sources without HTTP need not pay.
        from sources.network import transport_to

        return self._transport or transport_to(self._trusted)

    async def close(self) -> None:
        """Close the connections."""
        if "_way" in self.__dict__:
            await self._way.aclose()
