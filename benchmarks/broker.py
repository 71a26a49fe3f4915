"""What a message costs on either broker, on private servers: CPU microseconds of client and server as a JSON line."""

import argparse
import asyncio
import hashlib
import json
import os
import random
import tempfile
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import structlog

from common.contracts import Headers
from common.database import create_engine
from common.messaging.postgres import PostgresBroker
from common.messaging.protocol import Broker, Delivery, Outgoing
from common.messaging.rabbit import RabbitBroker
from common.testing.postgres import postgres_server
from common.testing.processes import tree
from common.testing.rabbitmq import RabbitNode, rabbitmq

WINDOW = 50
QUEUE, EVENT = "normalizer.postings", "postings.collected.v1"
BODIES = {"1KB": 1_000, "100KB": 100_000}
_TICKS = os.sysconf("SC_CLK_TCK")
_REPOSITORY = Path(__file__).parents[1]


@dataclass(frozen=True)
class Cost:
    """Of one message: CPU in microseconds, and how many go through in a second."""

    client_us: float
    server_us: float
    per_second: float


def server_cpu(pid: int) -> float:
    """Seconds of a server's processes, ended ones included."""
    total = 0
    for process in tree(pid):
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        total += sum(map(int, fields[11:15] if process == pid else fields[11:13]))
    return total / _TICKS


def window(size: int, rng: random.Random) -> list[Outgoing]:
    """Bodies that do not compress, as zstd leaves them."""
    body = rng.randbytes(size)
    sha256 = hashlib.sha256(body).hexdigest()
    now = datetime.now(UTC)
    return [
        Outgoing(
            Headers(
                event_id=str(uuid.UUID(int=rng.getrandbits(128))), event_type=EVENT, run_id="run", unit_id=f"unit {n}",
                stage="normalize", first_at=now, sha256=sha256,
            ),
            body,
        )
        for n in range(WINDOW)
    ]  # fmt: skip


async def publish(broker: Broker, windows: list[list[Outgoing]]) -> None:
    for messages in windows:
        assert len(await broker.publish(messages)) == WINDOW


async def consume(broker: Broker, count: int) -> None:
    left, done = count, asyncio.Event()

    async def handle(deliveries: list[Delivery]) -> None:
        nonlocal left
        for delivery in deliveries:
            await delivery.ack()
        left -= len(deliveries)
        if left <= 0:
            done.set()

    subscription = await broker.subscribe(QUEUE, handle, prefetch=2 * WINDOW, batch=WINDOW)
    await done.wait()
    await subscription.cancel()


async def cost(broker: Broker, pid: int, count: int, size: int) -> dict[str, dict[str, float]]:
    """Publish all, then consume all."""
    rng = random.Random(size)
    windows = [window(size, rng) for _ in range(count // WINDOW)]
    steps = {"publish": lambda: publish(broker, windows), "consume": lambda: consume(broker, count)}
    costs = {}
    for name, step in steps.items():
        client, server, wall = time.process_time(), server_cpu(pid), time.perf_counter()
        await step()
        spent = Cost(
            client_us=round((time.process_time() - client) / count * 1e6, 1),
            server_us=round((server_cpu(pid) - server) / count * 1e6, 1),
            per_second=round(count / (time.perf_counter() - wall)),
        )
        costs[name] = vars(spent)
    return costs


@asynccontextmanager
async def brokers(folder: Path) -> AsyncIterator[dict[str, tuple[Broker, int]]]:
    """Both brokers on private servers, with the servers' process ids."""
    async with AsyncExitStack() as stack:
        node = stack.enter_context(rabbitmq(folder / "rabbitmq", _REPOSITORY / ".cache" / "rabbitmq"))
        server = stack.enter_context(postgres_server(folder / "postgres"))
        if not isinstance(node, RabbitNode):
            raise SystemExit("unset AMQP_URL: the server's CPU can be read of a private node only")
        database = await stack.enter_async_context(server.database())
        engine = create_engine(database.url("normalizer"), role_application="benchmark")
        stack.push_async_callback(engine.dispose)
        found: dict[str, tuple[Broker, int]] = {
            "rabbit": (RabbitBroker(node.url, namespace="bench"), node.pid),
            "postgres": (PostgresBroker(engine), server.pid),
        }
        for broker, _ in found.values():
            await broker.open()
            stack.push_async_callback(broker.close)
            await broker.declare()
        yield found


async def main(count: int) -> None:
    results: dict[str, object] = {"window": WINDOW}
    with tempfile.TemporaryDirectory(prefix="posthorn-bench-") as folder:
        async with brokers(Path(folder)) as found:
            for name, (broker, pid) in found.items():
                for label, size in BODIES.items():
                    messages = count if size < 10_000 else count // 4
                    await cost(broker, pid, WINDOW * 4, size)  # warm up
                    results[f"{name}_{label}"] = await cost(broker, pid, messages, size)
    print(json.dumps(results))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=4000, help="per measurement (a quarter of it for large bodies)")
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(30))
    asyncio.run(main(parser.parse_args().messages // WINDOW * WINDOW))
