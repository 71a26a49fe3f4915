"""Connections to public addresses only, checked where they are made, so that no name can mean something else later."""

import contextlib
import logging
import socket
from collections.abc import AsyncIterator, Iterator
from functools import cached_property
from ipaddress import ip_address
from urllib.parse import urlsplit
from urllib.request import getproxies

import aiohttp
import httpx
import yarl
from aiohttp.abc import AbstractResolver, ResolveResult

from common.web.addresses import Resolve, is_public, resolve
from sources.errors import SourceRejectedError

_MAX_ADDRESSES = 3
#: Connections of a process to all hosts of a source; those to one host are bounded by its settings.
_MAX_CONNECTIONS = 100
_KEPT_ALIVE_SECONDS = 5.0
#: Bytes of a body that are expanded at once; and of a header, of which some servers send long ones.
_CHUNK, _LONGEST_HEADER = 64 * 1024, 64 * 1024
_PORTS = {"http": 80, "https": 443}
#: What aiohttp writes by itself from address and body.
_WRITTEN_BELOW = {"content-length", "connection", "transfer-encoding"}
_NOT_ADDED = ("accept", "accept-encoding", "content-type", "user-agent")


class Trusted:
    """The one place that the operator named: `base_url`, unless whose host is filled in for each request."""

    def __init__(self, base_url: str) -> None:
        parts = urlsplit(base_url)
        named = parts.hostname and "{" not in parts.netloc
        self._place = (parts.hostname, parts.port or _PORTS.get(parts.scheme)) if named else None

    def __contains__(self, place: object) -> bool:
        return place == self._place

    def check(self, url: httpx.URL) -> None:
        """SourceRejectedError for a literal address that is private; httpx.UnsupportedProtocol for no web address."""
        if url.scheme not in _PORTS or not url.host:
            raise httpx.UnsupportedProtocol(f"{url.scheme!r} is not http or https, or no host is named")
        try:
            public = is_public(ip_address(url.host))
        except ValueError:
            # 127.1 and 2130706433 are no addresses to Python, but to the system, which no resolver is asked about.
            public = not url.host.replace(".", "").isdigit()
        if not public and (url.host, url.port or _PORTS[url.scheme]) not in self:
            raise denied(url.host)


class PublicNames(AbstractResolver):
    """Finds the trusted place wherever it is, and any other name at its public addresses."""

    def __init__(self, trusted: Trusted, resolve: Resolve = resolve) -> None:
        self._trusted = trusted
        self._resolve = resolve

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The addresses that are connected to; SourceRejectedError if the host has no public one."""
        found = await self._resolve(host, port)
        if (host, port) not in self._trusted:
            found = [address for address in found if is_public(address)]
            if not found:
                raise denied(host)
        return [
            ResolveResult(
                hostname=host, host=str(address), port=port, proto=0,
                family=socket.AF_INET if address.version == 4 else socket.AF_INET6,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for address in found[:_MAX_ADDRESSES]
        ]  # fmt: skip

    async def close(self) -> None:
        """Nothing is held."""


def denied(host: str) -> SourceRejectedError:
    """Why a host is not asked."""
    return SourceRejectedError("address_denied", f"{host} has no public address; only public addresses are read")


def transport_to(trusted: Trusted) -> httpx.AsyncBaseTransport:
    """The guarded way out; httpx's own behind a proxy, which resolves names and decides itself."""
    if {"http", "https", "all"} & getproxies().keys():
        return _ProxiedTransport()
    return WebTransport(PublicNames(trusted))


class _ProxiedTransport(httpx.AsyncBaseTransport):
    """Through the proxies that the environment names, and past them where it says so (NO_PROXY)."""

    def __init__(self) -> None:
        # It logs whole addresses at INFO, and keys are part of some.
        logging.getLogger("httpx").setLevel(logging.WARNING)
        self._client = httpx.AsyncClient()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The answer, its body still to be read."""
        return await self._client.send(request, stream=True)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()


class WebTransport(httpx.AsyncBaseTransport):
    """What httpx asks through: aiohttp, whose parser in C takes half the CPU of httpx's own."""

    def __init__(self, names: AbstractResolver) -> None:
        self._names = names

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The answer, its body still to be read; errors are those of httpx."""
        content = await request.aread()
        with _as_httpx(request):
            answer = await self._session.request(
                request.method,
                yarl.URL(str(request.url), encoded=True),
                headers=[(k, v) for k, v in request.headers.multi_items() if k not in _WRITTEN_BELOW],
                data=content or None,
                allow_redirects=False,
                timeout=_timeout(request),
            )
        return httpx.Response(
            answer.status,
            headers=list(answer.raw_headers),
            stream=_Body(request, answer),
            extensions={"reason_phrase": (answer.reason or "").encode("ascii", "ignore")},
        )

    @cached_property
    def _session(self) -> aiohttp.ClientSession:
        # Made at the first request, in the event loop that it belongs to.
        connector = aiohttp.TCPConnector(
            resolver=self._names, use_dns_cache=False, ssl=httpx.create_ssl_context(), limit=_MAX_CONNECTIONS,
            keepalive_timeout=_KEPT_ALIVE_SECONDS,
        )  # fmt: skip
        return aiohttp.ClientSession(
            connector=connector, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False,
            skip_auto_headers=_NOT_ADDED, max_line_size=_LONGEST_HEADER, max_field_size=_LONGEST_HEADER,
        )  # fmt: skip

    async def aclose(self) -> None:
        """Close the connections."""
        if "_session" in self.__dict__:
            await self._session.close()


class _Body(httpx.AsyncByteStream):
    """A body as it comes; what was not read of it when it is closed takes its connection along."""

    def __init__(self, request: httpx.Request, answer: aiohttp.ClientResponse) -> None:
        self._request = request
        self._answer = answer

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _as_httpx(self._request):
            body = self._answer.content
            expanded = "content-encoding" in self._answer.headers
            async for chunk in body.iter_chunked(_CHUNK) if expanded else body.iter_any():
                yield chunk

    async def aclose(self) -> None:
        self._answer.close()


def _timeout(request: httpx.Request) -> aiohttp.ClientTimeout:
    """The caller bounds the whole attempt."""
    asked = request.extensions.get("timeout", {})
    return aiohttp.ClientTimeout(
        total=None, connect=asked.get("pool"), sock_connect=asked.get("connect"), sock_read=asked.get("read")
    )


@contextlib.contextmanager
def _as_httpx(request: httpx.Request) -> Iterator[None]:
    try:
        yield
    except aiohttp.ConnectionTimeoutError as error:
        raise httpx.ConnectTimeout(str(error), request=request) from error
    except TimeoutError as error:
        raise httpx.ReadTimeout(str(error), request=request) from error
    except aiohttp.InvalidURL as error:
        raise httpx.InvalidURL(str(error)) from error
    except aiohttp.ClientConnectionError as error:
        raise httpx.ConnectError(str(error), request=request) from error
    except (aiohttp.ClientError, ValueError, OSError) as error:
        raise httpx.RemoteProtocolError(str(error) or repr(error), request=request) from error
