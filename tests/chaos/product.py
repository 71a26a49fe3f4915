"""The product as separate processes on servers of its own, with a handle for every way to disturb it."""

import asyncio
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from random import Random
from typing import Any

import aio_pika
import asyncpg
import httpx
import sqlalchemy as sa

from common.database.embedded import EmbeddedPostgres
from common.messaging.protocol import BrokerUnavailableError
from common.messaging.rabbit import RabbitBroker
from common.testing.processes import kill_tree, signal_all, tree, until_gone
from common.testing.rabbitmq import RabbitNode
from posthorn.client import Client, GatewayError, UnreachableError
from posthorn.processes import PORTS, Processes
from tests.chaos.broker_view import QueueState, queue_states
from tests.chaos.journal import Journal
from tests.chaos.scenario import Outcome
from tests.support.provider import Provider
from tests.support.receiver import Receiver
from tests.support.stack import Stack

#: Seconds between two looks at what is waited for; each opens a connection, which is not free.
_LOOK_EVERY = 0.2
SERVICES: tuple[str, ...] = tuple(PORTS)
#: What asking a server that was taken away on purpose may raise.
_AWAY = (
    OSError, UnreachableError, GatewayError, httpx.HTTPError, asyncpg.PostgresError, asyncpg.InterfaceError,
    aio_pika.exceptions.AMQPError, BrokerUnavailableError,
)  # fmt: skip


@dataclass
class Product:
    """Six services, RabbitMQ (`node`) and PostgreSQL (`postgres`); use it from the main thread only.

    `stack.processes` starts, kills and adds services; `journal` holds every event that was stored, `hook` every webhook
    that arrived, `provider` serves boards and fails on demand; `random` is the scenario's own; `outcome` is what the
    running scenario has to report.
    """

    folder: Path
    archive: Path
    namespace: str
    stack: Stack
    node: RabbitNode
    postgres: EmbeddedPostgres
    journal: Journal
    hook: Receiver
    provider: Provider
    random: Random = field(default_factory=Random)
    outcome: Outcome = field(default_factory=lambda: Outcome("", 0))

    @property
    def processes(self) -> Processes:
        """The services, by name; a copy is called `ranker.2`."""
        return self.stack.processes

    @cached_property
    def client(self) -> Client:
        """The gateway as the commands call it, on one connection."""
        return self.stack.client

    def kill(self, name: str) -> None:
        """kill -9 of a service or copy with who stands by for it, counted."""
        self.processes.kill(name)
        self.outcome.kills[name.partition(".")[0]] += 1

    def kill_worker(self, name: str) -> None:
        """kill -9 of the process that serves, counted; who stands by replaces it."""
        workers = tree(self.processes.running[name].pid)[1:2]
        signal_all(workers, signal.SIGKILL)
        until_gone(workers)
        self.outcome.kills[name] += len(workers)

    def died(self, service: str, since: int) -> int:
        """Workers of the service that died and were replaced, as its log says from this byte on."""
        return self.log_of(service)[since:].count(b'"worker_died"')

    def log_of(self, service: str) -> bytes:
        """What the service has logged so far."""
        log = self.processes.log(service)
        return log.read_bytes() if log.exists() else b""

    def start(self, name: str, *, command: tuple[str, ...] = (), **environment: str) -> None:
        """Start a service or a further copy; does not wait for it (`processes.wait_ready((name,))` does)."""
        self.processes.start(name, command=command, environment=environment)

    def kill_broker(self) -> None:
        """kill -9 of RabbitMQ, counted; `node.start()` brings it back on the same data."""
        self.node.kill()
        self.outcome.kills["rabbitmq"] += 1

    def wipe_broker(self) -> None:
        """Kill RabbitMQ, delete what it stored, start it empty and run the deploy step."""
        self.node.wipe()
        self.outcome.kills["rabbitmq"] += 1
        self.declare()
        self.journal.bind()

    def kill_database(self) -> None:
        """kill -9 of PostgreSQL and all its children, counted; `postgres.start()` brings it back."""
        kill_tree(self.postgres.pid)
        self.outcome.kills["postgresql"] += 1

    def declare(self, namespace: str = "", *, recreate: bool = False) -> None:
        """Run the deploy step on the broker again, or that of another namespace; see `RabbitBroker.declare`."""

        async def run() -> None:
            broker = RabbitBroker(self.node.url, namespace=namespace or self.namespace, service="deploy")
            await broker.open()
            try:
                await broker.declare(recreate=recreate)
            finally:
                await broker.close()

        asyncio.run(run())

    def queues(self) -> dict[str, QueueState]:
        """Every queue of the product with its messages ready and its consumers."""
        return asyncio.run(queue_states(self.node.url, self.namespace))

    def finished_units(self) -> int:
        """Units finished so far in all runs: what moves when work is done."""
        return int(self.stack.rows("SELECT count(*) FROM gateway.unit WHERE finished")[0][0])

    def running(self, run_id: str) -> bool:
        """Whether the run is still going."""
        return self.state(run_id) == "running"

    def state(self, run_id: str) -> str:
        """The run's state in the gateway's table; empty if there is no such run."""
        rows = self.stack.rows(f"SELECT state FROM gateway.run WHERE run_id = '{run_id}'")  # noqa: S608 - our own id
        return str(rows[0][0]) if rows else ""

    def unsent(self) -> int:
        """Messages in all outboxes that no broker has confirmed."""
        return sum(self.counts("outbox", "sent_at IS NULL").values())

    def counts(self, table: str, condition: str = "true") -> dict[str, int]:
        """Rows of a table that services have in common, by service."""
        found = self.stack.rows(f"SELECT schemaname FROM pg_tables WHERE tablename = '{table}'")  # noqa: S608 - our own names
        having = [s for s in SERVICES if s in {row[0] for row in found}]
        sql = " UNION ALL ".join(f"SELECT '{s}', count(*) FROM {s}.{table} WHERE {condition}" for s in having)  # noqa: S608 - our own names
        return {row[0]: row[1] for row in self.stack.rows(sql)} if sql else {}

    def ask(self, path: str) -> Any:
        """What the gateway answers to a GET, as soon as it answers."""
        answers: list[Any] = []

        def asked() -> bool:
            answers.append(self.client.call("GET", path))
            return True

        if self.poll(asked, 60, f"an answer to {path}") is None:
            raise UnreachableError(path)
        return answers[0]

    def poll(self, reached: Callable[[], bool], seconds: float, what: str, *, finding: bool = True) -> float | None:
        """Seconds until it was so; None, and a finding, if it never was.

        A server that was taken away and does not answer counts as not yet.
        """
        begun = time.monotonic()
        while time.monotonic() - begun < seconds:
            try:
                if reached():
                    return time.monotonic() - begun
            except _AWAY:
                pass
            time.sleep(_LOOK_EVERY)
        if finding:
            self.outcome.findings.append(f"not within {seconds:g} s: {what}")
        return None

    def recovered(self, seconds: float | None) -> None:
        """Note how long a recovery took; None (it did not happen) has been a finding already."""
        if seconds is not None:
            self.outcome.recoveries.append(seconds)

    def progresses(self, run_id: str, seconds: float = 30) -> None:
        """Wait until another unit has finished or the run has ended, and note how long that took."""
        before = self.finished_units()
        self.recovered(
            self.poll(
                lambda: self.finished_units() > before or not self.running(run_id), seconds,
                "a unit finished after the fault",
            )
        )  # fmt: skip

    def consumers_back(self, seconds: float = 30) -> None:
        """Wait until every queue of a stage has a consumer again, and note how long that took."""
        self.recovered(
            self.poll(
                lambda: all(state.consumers > 0 for state in self.queues().values() if state.stage), seconds,
                "a consumer at every queue",
            )
        )  # fmt: skip

    @contextmanager
    def services_with(
        self, services: tuple[str, ...] = SERVICES, own: Callable[[str], Mapping[str, str]] = lambda _: {},
        **environment: str,
    ) -> Iterator[None]:  # fmt: skip
        """Within, these services run with more variables, and each with its own; restarted cleanly before and after."""
        self.restart(services, lambda service: {**environment, **own(service)})
        try:
            yield
        finally:
            self.restart(services)

    @contextmanager
    def through(self, *, broker_port: int | None = None, database_port: int | None = None) -> Iterator[None]:
        """Within, all services reach the broker or the database through these ports, where a proxy listens."""

        def environment(service: str) -> dict[str, str]:
            found = {}
            if broker_port:
                found["AMQP_URL"] = _with_port(self.node.url, broker_port)
            if database_port:
                found["DATABASE_URL"] = _with_port(self.processes.urls[service], database_port)
            return found

        self.restart(SERVICES, environment)
        try:
            yield
        finally:
            self.restart(SERVICES)

    def restart(
        self, services: tuple[str, ...] = SERVICES, environment: Callable[[str], Mapping[str, str]] = lambda _: {}
    ) -> None:
        """Stop and start services in good order and wait for them; `environment` gives each its further variables."""
        for service in services:
            self.processes.running[service].terminate()
        for service in services:
            self.processes.remove(service)
        for service in services:
            self.processes.start(service, environment=environment(service))
        self.processes.wait_ready(services)

    def logs(self) -> list[Path]:
        """The log files of all services and copies."""
        return sorted((self.folder / "log").glob("*.log"))


def _with_port(url: str, port: int) -> str:
    return sa.make_url(url).set(port=port).render_as_string(hide_password=False)
