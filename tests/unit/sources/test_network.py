"""Where a source's client connects to, whatever names and redirects say."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_address
from typing import Any

import httpcore
import pytest

from sources.client import SourceClient
from sources.errors import SourceRejectedError
from sources.network import PublicNetwork, Trusted
from sources.settings import SourceSettings


class Dialled(httpcore.AsyncNetworkBackend):
    """Notes what is connected to; addresses in `dead` refuse."""

    def __init__(self, *dead: str) -> None:
        self.dead = dead
        self.hosts: list[str] = []

    async def connect_tcp(self, host: str, *_: Any, **__: Any) -> httpcore.AsyncNetworkStream:
        self.hosts.append(host)
        if host in self.dead:
            raise httpcore.ConnectError("refused")
        return httpcore.AsyncMockStream([])


def network(names: dict[str, list[str]], dialled: Dialled, base_url: str = "https://api.example") -> PublicNetwork:
    async def resolve(host: str, port: int) -> list[Any]:
        if host not in names:
            raise OSError("no such name")
        return [ip_address(a) for a in names[host]]

    return PublicNetwork(Trusted(base_url), resolve=resolve, inner=dialled)


async def test_the_checked_address_is_the_one_connected_to() -> None:
    dialled = Dialled("93.184.216.34")
    names = {"board.example": ["10.0.0.1", "93.184.216.34", "93.184.216.35"]}
    await network(names, dialled).connect_tcp("board.example", 443)
    assert dialled.hosts == ["93.184.216.34", "93.184.216.35"]


@pytest.mark.parametrize("address", ["127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "fd00::1", "::ffff:10.0.0.1"])
async def test_a_name_of_private_addresses_is_not_connected_to(address: str) -> None:
    dialled = Dialled()
    with pytest.raises(SourceRejectedError, match="address_denied"):
        await network({"rebound.example": [address]}, dialled).connect_tcp("rebound.example", 443)
    assert dialled.hosts == []


async def test_a_name_that_nobody_knows_is_an_outage() -> None:
    with pytest.raises(httpcore.ConnectError):
        await network({}, Dialled()).connect_tcp("gone.example", 443)


async def test_only_the_place_in_the_base_url_is_trusted() -> None:
    dialled = Dialled()
    inside = network({"inside": ["10.0.0.1"]}, dialled, "http://inside:8090/{board}")
    await inside.connect_tcp("inside", 8090)
    assert dialled.hosts == ["inside"]
    with pytest.raises(SourceRejectedError, match="address_denied"):
        await inside.connect_tcp("inside", 80)


async def test_a_host_that_users_fill_in_is_not_trusted() -> None:
    with pytest.raises(SourceRejectedError, match="address_denied"):
        await network({"localhost": ["127.0.0.1"]}, Dialled(), "https://{host}").connect_tcp("localhost", 443)


@asynccontextmanager
async def server(answer: str) -> AsyncIterator[int]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer.encode())
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as listening:
        yield listening.sockets[0].getsockname()[1]


async def test_over_real_sockets_a_redirect_to_a_private_name_is_refused() -> None:
    async with server("HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nsecret") as inside:
        moved = f"HTTP/1.1 302 Found\r\nlocation: http://localhost:{inside}/\r\ncontent-length: 0\r\n\r\n"
        async with server(moved) as outside:
            settings = SourceSettings(base_url=f"http://127.0.0.1:{outside}", requests_per_minute=60_000)
            async with SourceClient("lever", settings) as client:
                with pytest.raises(SourceRejectedError, match="address_denied"):
                    await client.get("/")
