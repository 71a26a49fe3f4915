"""The whole pipeline, from run.requested until visible at the gateway: `python -m benchmarks.pipeline [--embedded]`."""

import argparse
import asyncio
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from benchmarks.processes import Usage, tree, usage
from common.database.embedded import EmbeddedPostgres
from common.settings import REPOSITORY
from common.testing.rabbitmq import RabbitNode, rabbitmq
from posthorn.client import Client
from posthorn.deployment import prepare
from posthorn.embedded import free_port
from posthorn.processes import PORTS, Processes

Pids = Callable[[], dict[str, Usage]]
_SKILLS = ("python", "sql", "aws", "go", "react", "excel", "kubernetes", "java", "spark", "communication")
_QUERIES = ("data engineer", "nurse", "software engineer", "product manager", "analyst")


def main() -> None:
    """Print one JSON line: medians over the rounds, after a warm-up run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--postings", type=int, default=10_000)
    parser.add_argument("--campaigns", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--embedded", action="store_true", help="All in one process, messages kept in PostgreSQL.")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="posthorn-bench-") as folder:
        stack = _embedded if options.embedded else _separate
        with stack(Path(folder)) as (url, pids, started):
            result = _measure(Client(url), pids, options)
    result["start_seconds"] = round(started, 2)
    print(json.dumps(result))


def _measure(client: Client, pids: Pids, options: argparse.Namespace) -> dict[str, Any]:
    campaigns = [client.call("POST", "/campaigns", json=_campaign(n)) for n in range(options.campaigns)]
    _run(client, campaigns[0]["campaign_id"], 1_000, seed=1)
    rounds = []
    for n in range(options.rounds):
        before = pids()
        run = _run(client, campaigns[0]["campaign_id"], options.postings, seed=100 + n)
        after = pids()
        rounds.append((run, {name: after[name].cpu - before[name].cpu for name in after}))
    rates = [run["books"]["fetched"] / run["seconds"] for run, _ in rounds]
    cpu = {name: round(statistics.median(c[name] for _, c in rounds), 2) for name in rounds[0][1]}
    memory = {name: round(u.peak_mb) for name, u in pids().items()}
    ours = {name: mb for name, mb in memory.items() if name not in ("postgresql", "rabbitmq")}
    return {
        "mode": "embedded" if options.embedded else "rabbitmq",
        "postings": options.postings, "campaigns": options.campaigns, "rounds": options.rounds,
        "postings_per_second": round(statistics.median(rates)), "all_rounds": [round(r) for r in rates],
        "cpu_seconds": cpu, "cpu_seconds_total": round(sum(cpu.values()), 2),
        "peak_rss_mb": memory, "services_rss_mb": sum(ours.values()),
        "books": [{k: v for k, v in run["books"].items() if k != "reasons"} for run, _ in rounds],
        "cores": os.cpu_count(), "python": platform.python_version(), "machine": _machine(),
    }  # fmt: skip


def _machine() -> dict[str, float]:
    """CPU µs of two steps of PERFORMANCE.md (60 and 21 there), so that figures of machines can be compared."""
    text = " ".join(f"word{n} " for n in range(500))
    steps = {"re_sub_white_space": lambda: re.sub(r"\s+", " ", text), "split_join": lambda: " ".join(text.split())}
    return {name: round(min(_cpu_of(step) for _ in range(20)) * 1e6, 1) for name, step in steps.items()}


def _cpu_of(step: Callable[[], object]) -> float:
    begun = time.process_time()
    for _ in range(100):
        step()
    return (time.process_time() - begun) / 100


def _campaign(number: int) -> dict[str, Any]:
    return {
        "campaign_name": f"bench {number}", "query": _QUERIES[number % len(_QUERIES)],
        "country": ("ca", "us", "de")[number % 3],
        "email": "bench@example.com", "date_window": "all", "skills": [*_SKILLS[number % 5 :: 2]],
        "min_salary": 60_000 + 5_000 * number, "max_salary": 160_000, "currency": "CAD", "location": "Toronto",
        "remote_preference": ["remote"], "seniority": ["senior"], "employment_type_preference": ["FULL_TIME"],
        "sources": [{"source": "sample"}], "schedule_cron": None,
    }  # fmt: skip


def _run(client: Client, campaign_id: str, count: int, seed: int) -> dict[str, Any]:
    source = {"source": "sample", "params": {"count": count, "seed": seed}, "max_pages": 10_000}
    started = client.call("POST", f"/campaigns/{campaign_id}/runs", json={"sources": [source]})
    while (run := client.call("GET", f"/runs/{started['run_id']}"))["state"] == "running":
        time.sleep(1)  # asking more often would be measured with the gateway's work
    if run["status"] != "succeeded" or not run["books"]["balanced"]:
        sys.exit(f"the run did not succeed: {json.dumps(run)}")
    # Both moments are the database's and the gateway's clock on this one machine.
    run["seconds"] = _moment(run["completed_at"]) - _moment(run["requested_at"])
    return run


def _moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


@contextmanager
def _separate(folder: Path) -> Iterator[tuple[str, Pids, float]]:
    with ExitStack() as stack:
        postgres = stack.enter_context(EmbeddedPostgres(folder / "postgres"))
        broker = stack.enter_context(rabbitmq(folder / "rabbitmq", REPOSITORY / ".cache" / "rabbitmq"))
        if not isinstance(broker, RabbitNode):
            sys.exit("unset AMQP_URL: the benchmark measures a broker of its own")
        urls = asyncio.run(prepare(postgres.url, folder, broker.url))
        begun = time.perf_counter()
        ports = {service: free_port("127.0.0.1", 0) for service in PORTS}
        services = stack.enter_context(Processes(urls, folder, {"AMQP_URL": broker.url, "LOG_LEVEL": "WARNING"}, ports))
        started = time.perf_counter() - begun

        def pids() -> dict[str, Usage]:
            own = {name: usage(process.pid) for name, process in services.running.items()}
            return own | {"postgresql": usage(postgres.pid), "rabbitmq": usage(broker.pid)}

        yield services.url, pids, started


@contextmanager
def _embedded(folder: Path) -> Iterator[tuple[str, Pids, float]]:
    port = free_port("127.0.0.1", 0)
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "posthorn", "up", "--port", str(port)]
    unset = ("DATABASE_URL", "AMQP_URL", "POSTHORN_API_KEY")
    environment = {k: v for k, v in os.environ.items() if k not in unset} | {"POSTHORN_HOME": str(folder)}
    begun = time.perf_counter()
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as process:
        try:
            while not _ready(url):
                if process.poll() is not None:
                    sys.exit("posthorn up ended before it was ready")
                time.sleep(0.02)
            started = time.perf_counter() - begun

            def pids() -> dict[str, Usage]:
                server = next(p for p in tree(process.pid) if p != process.pid)
                return {"posthorn": usage(process.pid, without=frozenset({server})), "postgresql": usage(server)}

            yield url, pids, started
        finally:
            process.terminate()


def _ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", trust_env=False).is_success
    except httpx.HTTPError:
        return False


if __name__ == "__main__":
    main()
