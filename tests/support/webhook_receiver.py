"""A receiver of webhooks that answers, or does not, as its script says."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass
class Receiver:
    """Each request takes the next step of `script`; the last step repeats.

    A step is a status line's rest with headers (`429 Slow\\r\\nRetry-After: 600`), or `drop` (closed without an
    answer), `reset` (TCP reset), `hang` (never answers), `drip` (one byte of answer, then nothing).
    """

    script: list[str] = field(default_factory=lambda: ["200 OK"])
    received: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    connections: int = 0
    url: str = ""

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in head[1:] if line)}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            self.received.append((headers, body))
            await self._answer(self.script.pop(0) if len(self.script) > 1 else self.script[0], reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _answer(self, step: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if step == "reset":
            raw: socket.socket = writer.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif step in {"hang", "drip"}:
            writer.write(b"H" if step == "drip" else b"")
            await writer.drain()
            await reader.read()  # until the sender gives up
        elif step != "drop":
            writer.write(f"HTTP/1.1 {step}\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok".encode())
            await writer.drain()


@asynccontextmanager
async def webhook_receiver(*script: str) -> AsyncIterator[Receiver]:
    """A receiver on a free port of 127.0.0.1."""
    receiver = Receiver(list(script) or ["200 OK"])
    server = await asyncio.start_server(receiver.handle, "127.0.0.1", 0)
    receiver.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/in"
    async with server:
        yield receiver
