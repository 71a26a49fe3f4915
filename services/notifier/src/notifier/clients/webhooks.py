"""Posts webhooks: to checked addresses only, without redirects or proxies, with a bound on every wait."""

import asyncio
import time
from collections.abc import Mapping
from datetime import UTC, datetime

import httpx

from common.web.addresses import Address, Resolve, is_public, resolve
from notifier.domain.endpoint_url import Target, parse
from notifier.domain.schedule import Result, retry_after
from notifier.errors import AddressDeniedError

#: Bytes of an answer that are read and kept.
EXCERPT_BYTES = 500
_MAX_ADDRESSES = 3
_CONNECT_SECONDS = 5.0


class WebhookClient:
    """Sends webhooks. The name is resolved once and the connection made to an address that was checked."""

    def __init__(
        self,
        *,
        allow_private: bool,
        timeout: float,
        resolve: Resolve = resolve,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._allow_private = allow_private
        self._timeout = timeout
        self._resolve = resolve
        self._http = httpx.AsyncClient(
            follow_redirects=False,
            trust_env=False,
            timeout=httpx.Timeout(timeout, connect=_CONNECT_SECONDS),
            # A kept connection belongs to an address; another host there must prove its own certificate.
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=0),
            headers={"user-agent": "Posthorn-Webhooks/1", "content-type": "application/json"},
            transport=transport,
        )

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Result:
        """One attempt; whatever happens is its result."""
        started = time.perf_counter()
        try:
            async with asyncio.timeout(self._timeout):
                result = await self._post(parse(url), headers, body)
        except TimeoutError:
            result = Result(None, 0, f"no answer within {self._timeout:g} s")
        except (AddressDeniedError, ValueError) as error:
            result = Result(None, 0, str(error))
        except (httpx.HTTPError, OSError) as error:
            result = Result(None, 0, f"{type(error).__name__}: {error}"[:EXCERPT_BYTES])
        latency = round((time.perf_counter() - started) * 1000)
        return Result(result.status, latency, result.error, result.excerpt, result.retry_after)

    async def addresses(self, target: Target) -> list[Address]:
        """Where the host may be reached; AddressDeniedError if nowhere, OSError if it has no address."""
        found = await self._resolve(target.host, target.port)
        allowed = [a for a in found if self._allow_private or is_public(a)]
        if not allowed:
            raise AddressDeniedError(f"{target.host} has no public address; webhooks go to public addresses only")
        return allowed[:_MAX_ADDRESSES]

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def _post(self, target: Target, headers: Mapping[str, str], body: bytes) -> Result:
        addresses = await self.addresses(target)
        for address in addresses[:-1]:
            try:
                return await self._post_to(address, target, headers, body)
            except httpx.ConnectError:
                continue
        return await self._post_to(addresses[-1], target, headers, body)

    async def _post_to(self, address: Address, target: Target, headers: Mapping[str, str], body: bytes) -> Result:
        request = self._http.build_request(
            "POST",
            target.at(address),
            content=body,
            headers={**headers, "host": target.authority},
            # The certificate must be that of the name, not of the address.
            extensions={"sni_hostname": target.host, "timeout": self._http.timeout.as_dict()},
        )
        response = await self._http.send(request, stream=True)
        try:
            excerpt = await _beginning(response)
        finally:
            await response.aclose()
        wait = retry_after(response.headers, datetime.now(UTC))
        error = None if response.is_success else f"answered {response.status_code}"
        return Result(response.status_code, 0, error, excerpt, wait)


async def _beginning(response: httpx.Response) -> str:
    """The first bytes of the answer as text that a database takes."""
    data = b""
    async for chunk in response.aiter_raw():
        data += chunk
        if len(data) >= EXCERPT_BYTES:
            break
    return data[:EXCERPT_BYTES].decode(errors="replace").replace("\x00", "")
