"""Pages a second through the extractor, from the fake provider into archive and queue: `python -m benchmarks.fetch`."""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from benchmarks.processes import Usage, event_loops, memory_mb, tree, usage
from common.contracts import Campaign, RunRequested, SourceQuery, stage_of, unit_id
from common.database import create_engine
from common.database.embedded import EmbeddedPostgres, free_port
from common.messaging.factory import open_broker
from common.messaging.outbox import outgoing, root_headers
from common.settings import REPOSITORY
from common.testing.rabbitmq import RabbitNode, rabbitmq
from posthorn.deployment import prepare
from posthorn.fake_provider.addresses import environment
from posthorn.processes import PORTS, Processes

_PAGE = 100
_CAMPAIGN = Campaign(campaign_id="bench", version=1, campaign_name="bench", query="data engineer", country="ca")


@dataclass
class Rig:
    """What is measured: the extractor alone works, its messages stay in the queues."""

    urls: dict[str, str]
    amqp_url: str
    pids: dict[str, list[int]]

    def usage(self) -> dict[str, Usage]:
        """CPU of the processes of each name together, and the memory of the largest."""
        used = {name: [usage(pid) for pid in pids] for name, pids in self.pids.items()}
        return {name: Usage(sum(u.cpu for u in each), max(u.peak_mb for u in each)) for name, each in used.items()}

    def event_loops(self) -> dict[int, float]:
        """CPU seconds of the main thread of each process of the extractors."""
        return {pid: used for root in self.pids["extractor"] for pid, used in event_loops(root).items()}

    def memory_mb(self) -> float:
        """What the largest process of the extractors holds."""
        return max(memory_mb(pid) for root in self.pids["extractor"] for pid in tree(root))


def main() -> None:
    """Print one JSON line; the first run is not counted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--boards", type=int, default=10, help="read beside each other; the pages of one are a chain")
    parser.add_argument("--pages", type=int, default=100, help="of each board, 100 postings a page")
    parser.add_argument("--concurrency", type=int, default=8, help="FETCH_CONCURRENCY of the extractor")
    parser.add_argument("--copies", type=int, default=1, help="of the extractor; they share the work")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="posthorn-bench-") as folder, _rig(Path(folder), options) as rig:
        asyncio.run(_run(rig, "warm-up", 2, 5))
        after_start, loops, before = rig.usage(), rig.event_loops(), time.perf_counter()
        memory = asyncio.run(_run(rig, "measured", options.boards, options.pages))
        seconds = time.perf_counter() - before
        looped = max(used - loops.get(pid, 0) for pid, used in rig.event_loops().items())
        print(json.dumps(_result(options, seconds, after_start, rig.usage(), looped, memory)))


def _result(
    options: argparse.Namespace,
    seconds: float,
    before: dict[str, Usage],
    after: dict[str, Usage],
    looped: float,
    memory: list[float],
) -> dict[str, Any]:
    pages = options.boards * options.pages
    cpu = {name: round(after[name].cpu - before[name].cpu, 2) for name in after}
    return {
        "pages": pages, "postings": pages * _PAGE, "boards": options.boards, "concurrency": options.concurrency,
        "copies": options.copies,
        "seconds": round(seconds, 2), "pages_per_second": round(pages / seconds, 1),
        "cpu_seconds": cpu, "cpu_ms_a_page": {name: round(used / pages * 1e3, 2) for name, used in cpu.items()},
        "event_loop_ms_a_page": round(looped / pages * 1e3, 2),
        "extractor_mb_on_the_way": [round(mb) for mb in memory], "extractor_peak_mb": round(after["extractor"].peak_mb),
        "cores": os.cpu_count(), "load": [round(load, 1) for load in os.getloadavg()],
    }  # fmt: skip


@contextmanager
def _rig(folder: Path, options: argparse.Namespace) -> Iterator[Rig]:
    with (
        EmbeddedPostgres(folder / "postgres") as postgres,
        rabbitmq(folder / "rabbitmq", REPOSITORY / ".cache" / "rabbitmq") as broker,
        _provider(options.pages * _PAGE) as (provider, url),
    ):
        if not isinstance(broker, RabbitNode):
            sys.exit("unset AMQP_URL: the benchmark measures a broker of its own")
        urls = asyncio.run(prepare(postgres.url, folder, broker.url))
        settings = {
            **environment(url, {"lever"}), "AMQP_URL": broker.url, "LOG_LEVEL": "WARNING",
            "ARCHIVE_URL": (folder / "archive").as_uri(),
            "FETCH_CONCURRENCY": str(options.concurrency), "LEVER_CONCURRENCY": str(options.concurrency),
        }  # fmt: skip
        with ExitStack() as stack:
            extractors = [
                stack.enter_context(_extractor(urls, folder / str(n), settings)) for n in range(options.copies)
            ]
            pids = {"provider": [provider], "postgresql": [postgres.pid], "rabbitmq": [broker.pid]}
            yield Rig(urls, broker.url, {"extractor": extractors, **pids})


@contextmanager
def _extractor(urls: dict[str, str], folder: Path, settings: dict[str, str]) -> Iterator[int]:
    folder.mkdir()
    services = Processes(urls, folder, settings, {service: free_port() for service in PORTS})
    services.start("extractor")
    try:
        services.wait_ready()
        yield services.running["extractor"].pid
    finally:
        services.stop()


@contextmanager
def _provider(postings: int) -> Iterator[tuple[int, str]]:
    port = free_port()
    command = [sys.executable, "-m", "posthorn", "fake-provider", "--source", "lever"]
    command += ["--port", str(port), "--postings", str(postings)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            url = f"http://127.0.0.1:{port}"
            # Asked for once, so that its templates are made before anything is measured.
            asyncio.run(_answering(f"{url}/lever/v0/postings/warm-up?limit=300"))
            yield process.pid, url
        finally:
            process.terminate()


async def _answering(url: str) -> None:
    async with asyncio.timeout(30), httpx.AsyncClient(trust_env=False) as http:
        while True:
            try:
                (await http.get(url)).raise_for_status()
            except httpx.TransportError:
                await asyncio.sleep(0.1)
            else:
                return


async def _run(rig: Rig, run_id: str, boards: int, pages: int) -> list[float]:
    """Ask for the boards and wait until all their pages are indexed; the extractor's memory in MB on the way."""
    sources = [SourceQuery(source="lever", params={"board": f"{run_id}-{n}"}, max_pages=pages) for n in range(boards)]
    now = datetime.now(UTC)
    event = RunRequested(run_id=run_id, requested_at=now, campaign=_CAMPAIGN, sources=sources)
    engine = create_engine(rig.urls["extractor"], role_application="benchmark", pool_size=1)
    broker = open_broker(rig.amqp_url, engine, namespace="posthorn", service="gateway")
    await broker.open()
    root = unit_id(stage_of(RunRequested), run_id)
    await broker.publish([outgoing(event, root_headers(run_id, root, "start", "bench", now), root, "start")])
    memory = await _until_indexed(rig, run_id, boards * pages)
    await broker.close()
    await engine.dispose()
    return memory


async def _until_indexed(rig: Rig, run_id: str, pages: int) -> list[float]:
    url = rig.urls["extractor"].replace("+asyncpg", "")
    connection = await asyncpg.connect(url)
    memory: list[float] = []
    try:
        async with asyncio.timeout(600):
            while True:
                query = "SELECT count(*), sum(items) FROM extractor.page WHERE run_id = $1"
                done, items = await connection.fetchrow(query, run_id)
                if done * 10 // pages > len(memory):
                    memory.append(rig.memory_mb())
                if done == pages:
                    assert items == pages * _PAGE, f"{items} postings on {pages} pages"
                    return memory
                await asyncio.sleep(0.05)
    finally:
        await connection.close()


if __name__ == "__main__":
    main()
