"""A replay of archived postings with the network cut off: `python -m benchmarks.replay [--postings 100000]`."""

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx
import msgspec

from common.contracts import SourcePosting
from common.database.embedded import EmbeddedPostgres
from common.telemetry import configure_logging
from posthorn.embedded import embedded
from sources.adapters.sample import Sample
from sources.client import SourceClient
from sources.errors import SourceUnavailableError
from sources.registry import register
from sources.settings import SourceSettings

_CAMPAIGN = {
    "campaign_name": "replay", "query": "data engineer", "country": "ca", "email": "bench@example.com",
    "date_window": "all", "sources": [{"source": "sample"}], "schedule_cron": None,
}  # fmt: skip
#: Seconds that a run may take.
_PATIENCE = 3 * 3600


class Network:
    """Refuses every connection but those to the addresses allowed, once it is cut."""

    def __init__(self) -> None:
        self.allowed: set[Any] = set()
        self.refused: list[str] = []
        self._cut = False
        sys.addaudithook(self._audit)

    def cut(self, *allowed: Any) -> None:
        """From now on only these."""
        self.allowed, self._cut = set(allowed), True

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self._cut or event not in ("socket.connect", "socket.sendto", "socket.getaddrinfo"):
            return
        address = arguments[:2] if event == "socket.getaddrinfo" else arguments[1]
        where = address if isinstance(address, str) else tuple(address[:2])
        if where not in self.allowed:
            self.refused.append(f"{event} {where}")
            raise OSError(f"the network is cut: {event} {where}")


class TodaysSample(Sample):
    """The sample under other rules: a tenth of the titles and every department read otherwise."""

    def map_to_common(self, item: Any, feed: str = "") -> SourcePosting:
        """As ever, and then differently."""
        found = super().map_to_common(item, feed)
        changed = {"title": f"{found.title} (m/f/x)"} if found.source_job_id.endswith("7") else {}
        return msgspec.structs.replace(found, department="Read by today's rules", **changed)


def main() -> None:
    """Print one JSON line; exit code 1 where something is not as promised."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--postings", type=int, default=100_000)
    options = parser.parse_args()
    configure_logging("replay", "ERROR")
    for name in ("DATABASE_URL", "AMQP_URL", "POSTHORN_API_KEY", "ARCHIVE_URL"):
        os.environ.pop(name, None)
    network = Network()
    with tempfile.TemporaryDirectory(prefix="posthorn-replay-") as folder:
        path = Path(folder)
        with EmbeddedPostgres(path / "postgres") as server:
            result = asyncio.run(_measured(network, server, path, options.postings))
    print(json.dumps(result))
    if faults := _faults(result, options.postings):
        sys.exit("; ".join(faults))


async def _measured(network: Network, server: EmbeddedPostgres, folder: Path, postings: int) -> dict[str, Any]:
    async with (
        embedded(server.url, folder, "127.0.0.1", 0) as product,
        httpx.AsyncClient(base_url=product.url, timeout=60, trust_env=False) as http,
    ):
        collected = await _ended(http, await _collect(http, postings))
        register(TodaysSample())
        # PostgreSQL, which keeps the messages, too, and our own gateway.
        urls = httpx.URL(server.url.replace("postgresql", "http", 1)), httpx.URL(product.url)
        network.cut(*((url.host, url.port) for url in urls))
        cut_off = await _is_cut_off()
        tried = len(network.refused)
        replays = {}
        for name, dry_run in (("dry_run", True), ("replay", False), ("again", False)):
            replays[name] = await _replayed(http, dry_run=dry_run)
        return {
            "postings": postings, "collected": collected["books"], "cut_off": cut_off,
            "refused": network.refused[tried:], **replays,
        }  # fmt: skip


async def _is_cut_off() -> bool:
    """Whether a source that is asked now gets no answer."""
    settings = SourceSettings(base_url="http://192.0.2.1", attempts=1)
    client = SourceClient("greenhouse", settings)
    try:
        await client.get("/")
    except SourceUnavailableError:
        return True
    finally:
        await client.close()
    return False


async def _collect(http: httpx.AsyncClient, postings: int) -> str:
    campaign = (await http.post("/campaigns", json=_CAMPAIGN)).raise_for_status().json()["campaign_id"]
    source = {"source": "sample", "params": {"count": postings, "seed": 7}, "max_pages": 10_000}
    started = await http.post(f"/campaigns/{campaign}/runs", json={"sources": [source]})
    return str(started.raise_for_status().json()["run_id"])


async def _replayed(http: httpx.AsyncClient, *, dry_run: bool) -> dict[str, Any]:
    begun = time.perf_counter()
    started = (await http.post("/runs/replay", json={"from": "2000-01-01", "dry_run": dry_run})).raise_for_status()
    run = await _ended(http, started.json()["run_id"])
    seconds = time.perf_counter() - begun
    diff = (await http.get(f"/runs/{run['run_id']}/diff")).raise_for_status().json()
    return {
        "status": run["status"], "books": run["books"], "seconds": round(seconds, 1),
        "postings_per_second": round(run["books"]["fetched"] / seconds), "memory_mb": run["memory_mb"],
        "changed": {f"{f['stage']}.{f['field']}": f["postings"] for f in diff["fields"]},
        "example": diff["fields"][0]["examples"][0] if diff["fields"] else None,
    }  # fmt: skip


async def _ended(http: httpx.AsyncClient, run_id: str) -> dict[str, Any]:
    """The run at its end, with the resident memory of this process (all six services) while it went on."""
    memory: list[int] = []
    async with asyncio.timeout(_PATIENCE):
        while (run := (await http.get(f"/runs/{run_id}")).raise_for_status().json())["state"] == "running":
            memory.append(_resident_mb())
            await asyncio.sleep(1)
    half = len(memory) // 2
    run["memory_mb"] = {"first_half": max(memory[:half], default=0), "second_half": max(memory[half:], default=0)}
    return dict(run)


def _resident_mb() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmRSS:"))


def _faults(result: dict[str, Any], postings: int) -> list[str]:
    """What is not as promised, in words."""
    dry, real, again = (result[name] for name in ("dry_run", "replay", "again"))
    tests = {
        "the network was not cut": result["cut_off"],
        "something was asked for outside": not result["refused"],
        "a replay did not succeed": all(r["status"] == "succeeded" for r in (dry, real, again)),
        "books do not balance": all(r["books"]["balanced"] for r in (dry, real, again)),
        "not every posting was read": all(r["books"]["fetched"] == postings for r in (dry, real, again)),
        "the diff reports too little": real["changed"].get("normalize.department", 0) > postings * 0.9,
        "the dry run reports something else": dry["changed"] == real["changed"],
        "the second replay changed something": not again["changed"] and again["books"]["updated"] == 0,
    }
    return [words for words, holds in tests.items() if not holds]


if __name__ == "__main__":
    main()
