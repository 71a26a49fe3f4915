"""The effect journal: every event the broker stored, as a consumer of the suite's own saw it, append-only on disk."""

import asyncio
import contextlib
import hashlib
import threading
import time
from collections.abc import Coroutine
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, TypeVar

import aio_pika
import msgspec
from aio_pika.abc import AbstractIncomingMessage

#: Marks copies that the suite itself publishes, which are no effects of the product.
COPY = "posthorn-chaos-copy"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Entry:
    """One event as it left a service: who it belongs to, and a digest of its body as it really is."""

    at: float
    event_id: str
    event_type: str
    run_id: str
    unit_id: str
    stage: str
    sha256: str
    message: AbstractIncomingMessage = field(compare=False)


class Journal:
    """Follows the events of one namespace through a durable queue of its own, across every loss of the broker."""

    def __init__(self, url: str, namespace: str, path: Path) -> None:
        self._url = url
        self._exchange = f"{namespace}.events"
        self._queue = f"{namespace}.chaos.journal"
        self._file = path.open("a", encoding="utf-8")
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="journal", daemon=True)
        self.entries: list[Entry] = []

    def __enter__(self) -> Self:
        self._thread.start()
        self.bind()
        self._following = self.in_thread(self._follow())
        return self

    def __exit__(self, *_: object) -> None:
        self._following.cancel()
        self.in_thread(_others_ended()).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()
        self._file.close()

    def bind(self) -> None:
        """Declare and bind the queue.

        Only after a deploy step: an event that reaches this queue alone would count as delivered although no service
        has it.
        """
        self.in_thread(self._bind()).result(30)

    def in_thread(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Run a coroutine beside the journal, on its loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def of(self, runs: set[str]) -> list[Entry]:
        """What was written about these runs."""
        return [entry for entry in list(self.entries) if entry.run_id in runs]

    def quiet_for(self, seconds: float) -> bool:
        """Whether nothing has been written for so long."""
        return not self.entries or time.monotonic() - self.entries[-1].at > seconds

    def clear(self) -> None:
        """Forget what is in memory; the file keeps it."""
        self.entries.clear()

    async def _bind(self) -> None:
        connection = await aio_pika.connect(self._url, timeout=10)
        async with connection:
            channel = await connection.channel()
            queue = await channel.declare_queue(self._queue, durable=True)
            await queue.bind(self._exchange, "#")

    async def _follow(self) -> None:
        while True:
            with contextlib.suppress(Exception):  # the broker is being killed on purpose: attach again
                await self._until_lost()
            await asyncio.sleep(0.3)

    async def _until_lost(self) -> None:
        connection = await aio_pika.connect(self._url, timeout=5, heartbeat=10)
        lost = asyncio.Event()
        try:
            connection.close_callbacks.add(lambda *_: lost.set())
            channel = await connection.channel()
            channel.close_callbacks.add(lambda *_: lost.set())
            await channel.set_qos(prefetch_count=200)
            queue = await channel.declare_queue(self._queue, passive=True)
            await queue.consume(self._write)
            await lost.wait()
        finally:
            await connection.close()

    async def _write(self, message: AbstractIncomingMessage) -> None:
        if message.app_id != COPY:
            entry = _entry(message)
            line = {name: getattr(entry, name) for name in entry.__slots__ if name != "message"}
            self._file.write(msgspec.json.encode(line).decode() + "\n")
            self._file.flush()
            self.entries.append(entry)
        with contextlib.suppress(Exception):  # on a lost channel it comes again, and is told apart by its event_id
            await message.ack()


async def _others_ended() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    if others:
        await asyncio.wait(others, timeout=5)


def _entry(message: AbstractIncomingMessage) -> Entry:
    said = {
        name: str(message.headers.get(name, "")) for name in ("event_id", "event_type", "run_id", "unit_id", "stage")
    }
    return Entry(at=time.monotonic(), sha256=hashlib.sha256(message.body).hexdigest(), message=message, **said)
