"""Runs everything on this machine, or prepares a database for services elsewhere."""

import asyncio
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import typer
from pydantic import ValidationError

from common.database.binaries import PostgresUnavailableError
from common.database.cluster import DataDirectoryInUseError
from common.messaging.protocol import BrokerUnavailableError
from common.telemetry import configure_logging
from posthorn.deployment import database, prepare
from posthorn.embedded import embedded
from posthorn.home import home
from posthorn.output import REFUSED, errors, screen
from posthorn.processes import NotReadyError, Processes


@contextmanager
def launched(folder: Path) -> Iterator[str]:
    """The administrator's database URL; what keeps us from starting is said in words and ends the command."""
    configure_logging("posthorn", os.environ.get("LOG_LEVEL", "WARNING"))
    try:
        with database(folder) as admin_url:
            yield admin_url
    except DataDirectoryInUseError as error:
        _refuse(f"{error}\nPosthorn runs already: use it, stop it, or set POSTHORN_HOME to another folder.", error)
    except ValidationError as error:
        _refuse("\n".join(str(e["msg"]).removeprefix("Value error, ") for e in error.errors()), error)
    except (PostgresUnavailableError, NotReadyError, BrokerUnavailableError) as error:
        _refuse(str(error), error)
    except OSError as error:
        _refuse(f"{error}\nIs the server of DATABASE_URL there, and may we write to {folder}?", error)


def _refuse(words: str, cause: Exception) -> None:
    errors.print("Error:", style="red", end=" ")
    errors.print(words, markup=False)
    raise typer.Exit(REFUSED) from cause


def run_embedded(host: str, port: int) -> None:
    """All services in this process, until Ctrl-C."""
    with launched(home()) as admin_url:
        asyncio.run(_embedded(admin_url, home(), host, port))


def run_processes() -> None:
    """Six processes over RabbitMQ, until Ctrl-C; one that dies is started again."""
    folder = home()
    with launched(folder) as admin_url, ExitStack() as stack:
        amqp_url = os.environ.get("AMQP_URL") or stack.enter_context(_private_rabbitmq(folder))
        urls = asyncio.run(prepare(admin_url, folder, amqp_url, recreate=True))
        services = stack.enter_context(Processes(urls, folder, {"AMQP_URL": amqp_url}))
        screen.print(f"Six services are up; the gateway is at [bold]{services.url}[/]. Logs in {folder / 'log'}.")
        screen.print("Stop with Ctrl-C.")
        _watch(services)


def run_migrations(recreate: bool) -> None:
    """The deploy step alone."""
    folder = home()
    amqp_url, namespace = os.environ.get("AMQP_URL"), os.environ.get("NAMESPACE", "posthorn")
    with launched(folder) as admin_url:
        asyncio.run(prepare(admin_url, folder, amqp_url, namespace, recreate=recreate))
    screen.print("database and broker are up to date")


async def _embedded(admin_url: str, folder: Path, host: str, port: int) -> None:
    async with embedded(admin_url, folder, host, port) as running:
        screen.print(f"Posthorn is up at [bold]{running.url}[/] (API: {running.url}/docs). Data in {folder}.")
        screen.print("Stop with Ctrl-C.")
        await running.until_stopped()


@contextmanager
def _private_rabbitmq(folder: Path) -> Iterator[str]:
    """A RabbitMQ node of our own: for trying things out, not for keeping messages that matter."""
    from common.testing.rabbitmq import rabbitmq  # needed here only

    with rabbitmq(folder / "rabbitmq", folder / "rabbitmq-programs") as node:
        yield node.url


def _watch(services: Processes) -> None:
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    while not stopped.wait(1.0):
        for service in services.dead():
            errors.print(f"{service} ended; starting it again (log: {services.log(service)})", markup=False)
            services.start(service)
