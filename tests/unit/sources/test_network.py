"""Where a source's client connects to, whatever names and redirects say."""

import asyncio
import contextlib
import gzip
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_address
from typing import Any

import pytest

from sources.client import SourceClient
from sources.errors import SourceRejectedError, SourceUnavailableError
from sources.network import PublicNames, Trusted, WebTransport
from sources.settings import SourceSettings


def names(known: dict[str, list[str]], base_url: str = "https://api.example") -> PublicNames:
    async def resolve(host: str, port: int) -> list[Any]:
        if host not in known:
            raise OSError("no such name")
        return [ip_address(a) for a in known[host]]

    return PublicNames(Trusted(base_url), resolve)


async def test_only_addresses_that_were_checked_are_connected_to() -> None:
    board = names({"board.example": ["10.0.0.1", "93.184.216.34", "2606:4700::1"]})
    found = await board.resolve("board.example", 443)
    assert [entry["host"] for entry in found] == ["93.184.216.34", "2606:4700::1"]


@pytest.mark.parametrize("address", ["127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "fd00::1", "::ffff:10.0.0.1"])
async def test_a_name_of_private_addresses_is_not_connected_to(address: str) -> None:
    with pytest.raises(SourceRejectedError, match="address_denied"):
        await names({"rebound.example": [address]}).resolve("rebound.example", 443)


async def test_only_the_place_in_the_base_url_is_trusted() -> None:
    inside = names({"inside": ["10.0.0.1"]}, "http://inside:8090/{board}")
    assert [entry["host"] for entry in await inside.resolve("inside", 8090)] == ["10.0.0.1"]
    with pytest.raises(SourceRejectedError, match="address_denied"):
        await inside.resolve("inside", 80)


async def test_a_host_that_users_fill_in_is_not_trusted() -> None:
    with pytest.raises(SourceRejectedError, match="address_denied"):
        await names({"localhost": ["127.0.0.1"]}, "https://{host}").resolve("localhost", 443)


@pytest.mark.parametrize("host", ["127.1", "2130706433", "0", "[::1]", "[::ffff:127.0.0.1]", "169.254.169.254"])
async def test_an_address_written_in_whatever_way_is_refused_before_anything_is_asked(host: str) -> None:
    async with SourceClient("jobposting", SourceSettings()) as client:
        with pytest.raises(SourceRejectedError, match="address_denied"):
            await client.get(f"http://{host}:9/")


@asynccontextmanager
async def server(answer: str | bytes, *, heard: list[bytes] | None = None, closes: bool = True) -> AsyncIterator[int]:
    """Gives the same answer to every request and notes these."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int((re.search(rb"content-length: ([0-9]+)", head.lower()) or [0, 0])[1])
                if heard is not None:
                    heard.append(head + await reader.readexactly(length))
                writer.write(answer.encode() if isinstance(answer, str) else answer)
                await writer.drain()
                if closes:
                    break
        writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield listening.sockets[0].getsockname()[1]
    finally:
        listening.close()


def said(body: bytes, *headers: str, length: int | None = None) -> bytes:
    lines = ["HTTP/1.1 200 OK", f"content-length: {len(body) if length is None else length}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def client_of(port: int, **settings: Any) -> SourceClient:
    given = {"base_url": f"http://127.0.0.1:{port}", "requests_per_minute": 60_000, "attempts": 1, **settings}
    return SourceClient("lever", SourceSettings.model_validate(given))


async def test_over_real_sockets_a_redirect_to_a_private_name_is_refused() -> None:
    async with server("HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nsecret") as inside:
        moved = f"HTTP/1.1 302 Found\r\nlocation: http://localhost:{inside}/\r\ncontent-length: 0\r\n\r\n"
        async with server(moved) as outside:
            settings = SourceSettings(base_url=f"http://127.0.0.1:{outside}", requests_per_minute=60_000)
            async with SourceClient("lever", settings) as client:
                with pytest.raises(SourceRejectedError, match="address_denied"):
                    await client.get("/")


async def test_requests_are_written_as_they_were_asked_and_share_a_connection() -> None:
    heard: list[bytes] = []
    answer = said(b"[]", "Set-Cookie: session=1")
    async with server(answer, heard=heard, closes=False) as port, client_of(port) as client:
        await client.get("/a%2Fb", {"q": "C++ & Søn", "n": 2}, {"x-key": "secret"})
        await client.post("/search", {"page": 1})
    first, second = (request.decode().partition("\r\n\r\n") for request in heard)
    assert first[0].startswith("GET /a%2Fb?q=C%2B%2B+%26+S%C3%B8n&n=2 HTTP/1.1\r\n")
    lines = {name.lower(): value for name, _, value in (line.partition(": ") for line in first[0].split("\r\n")[1:])}
    assert lines == {
        "host": f"127.0.0.1:{port}", "accept": "application/json", "accept-encoding": "gzip, deflate",
        "user-agent": "posthorn/0.1.0", "x-key": "secret",
    }  # fmt: skip
    assert second[0].startswith("POST /search HTTP/1.1\r\n")
    assert "content-type: application/json" in second[0].lower()
    assert json.loads(second[2]) == {"page": 1}


async def test_a_body_in_gzip_is_expanded_and_bounded_by_what_it_expands_to() -> None:
    page = said(gzip.compress(json.dumps(["x" * 3_000_000]).encode()), "content-encoding: gzip")
    async with server(page) as port:
        async with client_of(port) as client:
            assert (await client.get("/")).payload == ["x" * 3_000_000]
        async with client_of(port, max_response_bytes=2_000_000) as client:
            with pytest.raises(SourceRejectedError, match="response_too_large"):
                await client.get("/")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (said(b"[1, 2", length=100), "connection_failed"),
        (b"no HTTP at all\r\n\r\n", "connection_failed"),
        (b"", "connection_failed"),
    ],
)
async def test_an_answer_that_breaks_off_is_an_outage(answer: bytes, reason: str) -> None:
    async with server(answer) as port, client_of(port) as client:
        with pytest.raises(SourceUnavailableError) as failure:
            await client.get("/")
    assert failure.value.reason == reason


async def test_a_server_that_is_not_there_or_says_nothing_is_an_outage_in_time() -> None:
    async with server("") as port:
        pass
    async with client_of(port) as client:
        with pytest.raises(SourceUnavailableError, match="connection_failed"):
            await client.get("/")
    async with server(said(b"[]", length=9), closes=False) as port, client_of(port, timeout=0.2) as client:
        with pytest.raises(SourceUnavailableError, match="timeout"):
            await client.get("/")


async def test_a_trusted_name_is_resolved_and_any_other_is_an_outage() -> None:
    async with server(said(b"[7]")) as port:
        base_url = f"http://inside:{port}"
        settings = SourceSettings(base_url=base_url, attempts=1, requests_per_minute=60_000)
        way = WebTransport(names({"inside": ["127.0.0.1"]}, base_url))
        async with SourceClient("lever", settings, transport=way) as client:
            assert (await client.get("/")).payload == [7]
            with pytest.raises(SourceUnavailableError, match="connection_failed"):
                await client.get("https://gone.example/")


async def test_behind_a_proxy_names_are_left_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[bytes] = []
    async with server(said(b"[8]"), heard=heard) as port:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{port}")
        async with SourceClient("lever", SourceSettings(base_url="http://board.example")) as client:
            assert (await client.get("/x")).payload == [8]
    assert heard[0].startswith(b"GET http://board.example/x HTTP/1.1\r\n")
