"""`posthorn up` and `posthorn migrate`: run everything here, or prepare a database for services elsewhere."""

import asyncio
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated

import typer

from common.database.binaries import PostgresUnavailableError
from common.telemetry import configure_logging
from posthorn.deployment import database, prepare
from posthorn.embedded import embedded
from posthorn.home import home
from posthorn.output import errors, screen
from posthorn.processes import NotReadyError, Processes

Port = Annotated[int, typer.Option(help="Port of the gateway; another free one is taken where it is in use.")]
Host = Annotated[str, typer.Option(help="Address of the gateway; any but loopback needs POSTHORN_API_KEY.")]


def up(
    host: Host = "127.0.0.1",
    port: Port = 8080,
    processes: Annotated[bool, typer.Option("--processes", help="Six processes over RabbitMQ.")] = False,
) -> None:
    """Run Posthorn until Ctrl-C: all services in one process, or one each with --processes."""
    folder = home()
    configure_logging("posthorn", os.environ.get("LOG_LEVEL", "WARNING"))
    try:
        with database(folder) as admin_url:
            if processes:
                _processes(admin_url, folder)
            else:
                asyncio.run(_embedded(admin_url, folder, host, port))
    except (PostgresUnavailableError, NotReadyError) as error:
        errors.print(f"[red]Error:[/] {error}", markup=True)
        raise typer.Exit(1) from error


def migrate() -> None:
    """Create or update roles, schemas, tables and queues, using DATABASE_URL (an administrator's) and AMQP_URL.

    Prints each service's own DATABASE_URL where they were made here.
    """
    folder = home()
    with database(folder) as admin_url:
        asyncio.run(prepare(admin_url, folder, os.environ.get("AMQP_URL"), os.environ.get("NAMESPACE", "posthorn")))
    screen.print("database and broker are up to date")


async def _embedded(admin_url: str, folder: Path, host: str, port: int) -> None:
    async with embedded(admin_url, folder, host, port) as running:
        screen.print(f"Posthorn is up at [bold]{running.url}[/] (API: {running.url}/docs). Data in {folder}.")
        screen.print("Stop with Ctrl-C.")
        await running.until_stopped()


@contextmanager
def _private_rabbitmq(folder: Path) -> Iterator[str]:
    """A RabbitMQ node of our own: for trying things out, not for keeping messages that matter."""
    from common.testing.rabbitmq import rabbitmq

    with rabbitmq(folder / "rabbitmq", folder / "rabbitmq-programs") as node:
        yield node.url


def _processes(admin_url: str, folder: Path) -> None:
    with ExitStack() as stack:
        amqp_url = os.environ.get("AMQP_URL") or stack.enter_context(_private_rabbitmq(folder))
        urls = asyncio.run(prepare(admin_url, folder, amqp_url))
        services = stack.enter_context(Processes(urls, folder, {"AMQP_URL": amqp_url}))
        screen.print(f"Six services are up; the gateway is at [bold]{services.url}[/]. Logs in {folder / 'log'}.")
        screen.print("Stop with Ctrl-C.")
        stopped = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stopped.set())
        while not stopped.wait(1.0):
            for service in services.dead():
                errors.print(f"{service} ended; starting it again (log: {services.log(service)})")
                services.start(service)
