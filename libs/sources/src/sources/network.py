"""Connections to public addresses only, checked where they are made, so that no name can mean something else later."""

import sys
from collections.abc import Iterable
from ipaddress import ip_address
from urllib.parse import urlsplit
from urllib.request import getproxies

import httpcore
import httpx

from common.web.addresses import Resolve, is_public, resolve
from sources.errors import SourceRejectedError

# httpcore looks for sniffio at every lock it takes, and Python searches the disk each time for what is not installed:
# 4 % of the CPU of a page. None is Python's mark for "there is no such module".
sys.modules.setdefault("sniffio", None)  # type: ignore[arg-type]  # typeshed leaves the mark out

_MAX_ADDRESSES = 3
#: Connections of a process to all hosts of a source; those to one host are bounded by its settings.
_MAX_CONNECTIONS = 100
_PORTS = {"http": 80, "https": 443}
SocketOptions = Iterable[tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]]


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
            literal = ip_address(url.host)
        except ValueError:
            return
        if not is_public(literal) and (url.host, url.port or _PORTS[url.scheme]) not in self:
            raise denied(url.host)


class PublicNetwork(httpcore.AsyncNetworkBackend):
    """Connects to the trusted place wherever it is, and to anything else at its public addresses."""

    def __init__(
        self, trusted: Trusted, *, resolve: Resolve = resolve, inner: httpcore.AsyncNetworkBackend | None = None
    ) -> None:
        self._trusted = trusted
        self._resolve = resolve
        self._inner = inner or httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the signature of httpcore
        local_address: str | None = None,
        socket_options: SocketOptions | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """A connection to an address that was checked; SourceRejectedError if the host has no public one."""
        if (host, port) in self._trusted:
            return await self._inner.connect_tcp(host, port, timeout, local_address, socket_options)
        try:
            found = await self._resolve(host, port)
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error
        addresses = [str(a) for a in found if is_public(a)][:_MAX_ADDRESSES]
        if not addresses:
            raise denied(host)
        for address in addresses[:-1]:
            try:
                return await self._inner.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return await self._inner.connect_tcp(addresses[-1], port, timeout, local_address, socket_options)

    async def sleep(self, seconds: float) -> None:
        """For httpcore's own retries, which are not used."""
        await self._inner.sleep(seconds)


def denied(host: str) -> SourceRejectedError:
    """Why a host is not asked."""
    return SourceRejectedError("address_denied", f"{host} has no public address; only public addresses are read")


def transport_to(trusted: Trusted) -> httpx.AsyncBaseTransport | None:
    """The guarded way out; None (httpx's own) behind a proxy, which resolves names and decides itself."""
    if {"http", "https", "all"} & getproxies().keys():
        return None
    return _GuardedTransport(trusted)


class _GuardedTransport(httpx.AsyncHTTPTransport):
    def __init__(self, trusted: Trusted) -> None:
        super().__init__()
        # httpx hands its pool no network backend; a test over a real socket notices if this attribute goes away.
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=httpx.create_ssl_context(),
            max_connections=_MAX_CONNECTIONS,
            max_keepalive_connections=_MAX_CONNECTIONS,
            keepalive_expiry=5.0,
            network_backend=PublicNetwork(trusted),
        )
