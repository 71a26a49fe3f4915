"""A TCP proxy whose line can be cut, half closed, delayed, slowed to a trickle or made a black hole while in use."""

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

Direction = Literal["up", "down"]
_CHUNK = 64 * 1024
#: A trickle's bytes and seconds between them: an AMQP frame header takes a moment, a batch of postings hours.
_TRICKLE_BYTES, _TRICKLE_SECONDS = 16, 0.05


@dataclass(frozen=True, slots=True)
class Line:
    """How bytes travel: `up` is to the server. Held bytes are not lost: as on a healed network they arrive later."""

    held: frozenset[Direction] = frozenset()
    delay: float = 0.0
    trickle: bool = False
    refuse: bool = False


PASSING = Line()
REFUSING = Line(refuse=True)
BLACK_HOLE = Line(held=frozenset(("up", "down")))
DEAF, MUTE = Line(held=frozenset(("up",))), Line(held=frozenset(("down",)))
TRICKLE = Line(trickle=True)


@dataclass(eq=False)
class _Connection:
    client: asyncio.StreamWriter
    server: asyncio.StreamWriter
    half_closed: bool = False

    def reset(self) -> None:
        for writer in (self.client, self.server):
            raw: socket.socket = writer.get_extra_info("socket")
            with contextlib.suppress(OSError):  # closed a moment ago
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()

    def half_close(self) -> None:
        self.half_closed = True
        if not self.client.is_closing():
            self.client.write_eof()


@dataclass
class Proxy:
    """Listens on `port` in a thread of its own; call it from any thread."""

    target: int
    port: int = 0
    line: Line = PASSING
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _open: set[_Connection] = field(default_factory=set)
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)

    @property
    def connections(self) -> int:
        """How many are open now."""
        return len(self._open)

    @property
    def busy(self) -> bool:
        """Whether bytes may still travel on any line, a reset one included."""
        return bool(asyncio.all_tasks(self._loop))

    def set(self, line: Line) -> None:
        """From now on bytes travel like this, those on their way included."""
        self._run(self._set(line))

    def cut(self) -> None:
        """Reset every connection, on both sides; new ones are welcome."""
        self._run(self._each("reset"))

    def half_close(self) -> None:
        """Tell every client that the server has no more to say, while the server is still told what clients say."""
        self._run(self._each("half_close"))

    @contextmanager
    def being(self, line: Line) -> Iterator[None]:
        """Within, the line is like this; then it is well again."""
        self.set(line)
        try:
            yield
        finally:
            self.set(PASSING)

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _set(self, line: Line) -> None:
        self.line = line
        self._changed.set()
        self._changed = asyncio.Event()

    async def _each(self, action: Literal["reset", "half_close"]) -> None:
        for connection in list(self._open):
            getattr(connection, action)()

    async def _accept(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        if self.line.refuse:
            client.transport.abort()
            return
        try:
            answers, server = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            client.transport.abort()
            return
        connection = _Connection(client, server)
        self._open.add(connection)
        try:
            await asyncio.gather(
                self._pass("up", reader, server, connection), self._pass("down", answers, client, connection)
            )
        except OSError:
            connection.reset()
        finally:
            self._open.discard(connection)
            client.close()
            server.close()

    async def _pass(
        self, way: Direction, source: asyncio.StreamReader, target: asyncio.StreamWriter, connection: _Connection
    ) -> None:
        while data := await source.read(_CHUNK):
            await self._travel(way)
            while self.line.trickle and data and not target.is_closing():
                target.write(data[:_TRICKLE_BYTES])
                data = data[_TRICKLE_BYTES:]
                await asyncio.sleep(_TRICKLE_SECONDS)
            if target.is_closing():
                return
            if not (connection.half_closed and way == "down"):
                target.write(data)
                await target.drain()
        await self._travel(way)
        said_already = connection.half_closed and way == "down"
        if not (target.is_closing() or said_already):
            target.write_eof()

    async def _travel(self, way: Direction) -> None:
        """Return when the line lets the next bytes through."""
        while way in self.line.held:
            await self._changed.wait()
        if self.line.delay:
            await asyncio.sleep(self.line.delay)

    async def _serve(self, ready: threading.Event) -> None:
        server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        self.port = server.sockets[0].getsockname()[1]
        ready.set()

    def _work(self, ready: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve(ready))
        self._loop.run_forever()
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self._loop.close()


@contextmanager
def proxy(target: int) -> Iterator[Proxy]:
    """A proxy to a port of 127.0.0.1."""
    found = Proxy(target)
    ready = threading.Event()
    thread = threading.Thread(target=found._work, args=(ready,), name=f"proxy to {target}", daemon=True)
    thread.start()
    if not ready.wait(10):
        raise RuntimeError("the proxy does not start")
    try:
        yield found
    finally:
        found._loop.call_soon_threadsafe(found._loop.stop)
        thread.join(10)
