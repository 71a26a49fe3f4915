"""The whole product for end-to-end tests: six processes on their own database and queues."""

import asyncio
import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from common.database.embedded import free_port
from common.testing.postgres import Database
from posthorn.client import Client, UnreachableError
from posthorn.deployment import declare
from posthorn.processes import PORTS, Processes

CAMPAIGN = {
    "campaign_name": "e2e", "query": "data engineer", "country": "ca", "location": "Toronto",
    "email": "me@example.com", "date_window": "all", "skills": ["python", "sql"], "min_salary": 90_000,
    "max_salary": 150_000, "currency": "CAD", "remote_preference": ["remote"], "schedule_cron": None,
}  # fmt: skip

#: What the business tables say, without versions, clocks and names of runs: equal for equal input in any order.
#: Flags are without `since`, which where no date of publication is known is the time of the run.
_DIGESTS = {
    "postings": "SELECT hash_key, source, source_job_id, content_hash, closed_at IS NULL "
    "FROM normalizer.posting ORDER BY 1",
    "sightings": "SELECT source, source_job_id, hash_key, content_hash, feed, page "
    "FROM normalizer.sighting ORDER BY 1, 2",
    "enrichments": "SELECT hash_key, content_hash, rules_version FROM enricher.posting_enrichment ORDER BY 1",
    "jobs": "SELECT hash_key, title, company, place_key, remote_type, seniority, salary_minimum, salary_maximum, "
    "closed, card - 'version' - 'outcome' - 'first_seen_at' - 'flags', "
    "(SELECT jsonb_agg(flag - 'since') FROM jsonb_array_elements(card -> 'flags') AS flag) "
    "FROM gateway.job ORDER BY 1",
    "rankings": "SELECT c.campaign_name, r.hash_key, r.score, r.points FROM gateway.ranking r "
    "JOIN gateway.campaign c USING (campaign_id) ORDER BY 1, 2",
}


@dataclass
class Stack:
    """A running product."""

    processes: Processes
    admin_url: str

    @property
    def client(self) -> Client:
        """The gateway as the commands call it."""
        return Client(self.processes.url)

    def campaign(self, **more: Any) -> str:
        """A campaign's id."""
        return str(self.client.call("POST", "/campaigns", json=CAMPAIGN | more)["campaign_id"])

    def start(self, campaign_id: str, *sources: dict[str, Any]) -> str:
        """Start a run of these sources; its id."""
        return str(self.client.call("POST", f"/campaigns/{campaign_id}/runs", json={"sources": sources})["run_id"])

    def ended(self, run_id: str, seconds: float = 60) -> dict[str, Any]:
        """The run once it has ended; a gateway that is away meanwhile is waited for."""
        return self.until(run_id, lambda run: run["state"] != "running", seconds)

    def until(self, run_id: str, reached: Callable[[dict[str, Any]], bool], seconds: float = 60) -> dict[str, Any]:
        """The run once it has reached something."""
        deadline, run = time.monotonic() + seconds, {}
        while time.monotonic() < deadline:
            try:
                run = self.client.call("GET", f"/runs/{run_id}")
                if reached(run):
                    return run
            except (UnreachableError, httpx.TransportError):
                pass
            time.sleep(0.02)
        raise AssertionError(f"not reached in {seconds} s: {run}")

    def run(self, campaign_id: str, *sources: dict[str, Any]) -> dict[str, Any]:
        """Start a run and wait for its end."""
        return self.ended(self.start(campaign_id, *sources))

    def rows(self, sql: str) -> list[Any]:
        """Rows of any schema, as the administrator."""

        async def fetch() -> list[Any]:
            connection = await asyncpg.connect(self.admin_url)
            try:
                return list(await connection.fetch(sql))
            finally:
                await connection.close()

        return asyncio.run(fetch())

    def business(self) -> dict[str, list[str]]:
        """The rows of each business table, in order."""
        return {name: [str(tuple(row)) for row in self.rows(sql)] for name, sql in _DIGESTS.items()}

    def digest(self) -> dict[str, str]:
        """A digest of each business table."""
        return {name: hashlib.sha256("\n".join(rows).encode()).hexdigest() for name, rows in self.business().items()}


@contextmanager
def running_stack(
    database: Database, folder: Path, amqp_url: str, namespace: str, **environment: str
) -> Iterator[Stack]:
    """Six processes on a database that is migrated already, over RabbitMQ."""
    asyncio.run(declare(database.urls, amqp_url, namespace))
    ports = {service: free_port() for service in PORTS}
    settings = {"AMQP_URL": amqp_url, "NAMESPACE": namespace, "LOG_LEVEL": "INFO", **environment}
    with Processes(database.urls, folder, settings, ports) as processes:
        yield Stack(processes, database.admin_url)
