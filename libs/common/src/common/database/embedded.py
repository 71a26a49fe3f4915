"""An embedded PostgreSQL: started as our child on 127.0.0.1, ended with us, safe to kill at any time."""

import contextlib
import random
import signal
import socket
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from common.database import cluster
from common.database.binaries import Binaries, PostgresUnavailableError, RunAs, find_binaries, run_as
from common.database.child import Child

START_SECONDS = 30.0
STOP_SECONDS = 20.0
_POLL_SECONDS = 0.01
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",  # a path of more than 107 characters would not start
    "max_connections": "100",
    "shared_buffers": "64MB",
    "wal_buffers": "16MB",  # of 2 MB each statement of a large batch had to write the log itself
    "max_wal_size": "512MB",
    "jit": "off",
    "log_min_error_statement": "panic",  # statements hold what people wrote
}


class EmbeddedPostgres:
    """PostgreSQL on a directory of ours, which holds its data, its password (mode 0600) and its log.

    Start it from the main thread: the kernel ends the server with the thread that started it. What was committed
    survives a kill -9 of the server and of us. `settings` overrides those of the server.
    """

    def __init__(self, directory: Path, settings: Mapping[str, str] | None = None) -> None:
        self._directory = directory.absolute()
        self._settings = _SETTINGS | dict(settings or {})
        self._log = self._directory / "server.log"
        self._lock: IO[str] | None = None
        self._child: Child | None = None
        self._port = 0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """The superuser's URL of the database `postgres`."""
        return f"postgresql://{cluster.SUPERUSER}:{cluster.password(self._directory)}@127.0.0.1:{self._port}/postgres"

    @property
    def pid(self) -> int:
        if self._child is None:
            raise RuntimeError("PostgreSQL is not started")
        return self._child.pid

    @property
    def running(self) -> bool:
        return self._child is not None and self._child.running

    def start(self) -> str:
        """Start, or start again after a crash (on the same port), and return the URL.

        DataDirectoryInUseError: another process runs it. PostgresUnavailableError: no usable programs, or no start
        within `START_SECONDS`.
        """
        if self.running:
            return self.url
        self._directory.mkdir(parents=True, exist_ok=True)
        self._lock = self._lock or cluster.lock(self._directory)
        try:
            binaries = find_binaries(cluster.major(self._directory))
            way = run_as(self._directory, binaries)
            if cluster.major(self._directory) is None:
                cluster.initialise(self._directory, binaries, way)
            self._launch(binaries, way)
        except BaseException:
            self.stop()
            raise
        return self.url

    def stop(self) -> None:
        """Shut down cleanly (open transactions are rolled back); nothing to do where nothing runs."""
        if self._child is not None:
            self._child.stop(STOP_SECONDS)
            self._child = None
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _launch(self, binaries: Binaries, way: RunAs) -> None:
        """Until it is ready: the port may be taken, or what a kill left behind be still going."""
        deadline = time.monotonic() + START_SECONDS
        while not self._attempt(binaries, way, deadline):
            log = self._log.read_text(errors="replace")
            if "could not bind" in log:
                self._port = 0
            elif time.monotonic() > deadline or not ("postmaster.pid" in log or "shared memory block" in log):
                raise PostgresUnavailableError(f"{binaries} did not start; the end of {self._log}:\n{log[-2000:]}")
            time.sleep(0.1)

    def _attempt(self, binaries: Binaries, way: RunAs, deadline: float) -> bool:
        self._port = self._port or free_port()
        cluster.clear_leftovers(self._directory)
        self._log.write_bytes(b"")
        program, data = str(binaries.folder / "postgres"), str(cluster.data(self._directory))
        settings = [word for name, value in self._settings.items() for word in ("-c", f"{name}={value}")]
        self._child = Child(
            [*way.prefix, program, "-D", data, "-p", str(self._port), *settings],
            log=self._log,
            end_with=signal.SIGINT,
            env=cluster.environment(),
        )
        while self._child.running and time.monotonic() < deadline:
            if cluster.ready(self._directory, self._child.pid):
                return True
            time.sleep(_POLL_SECONDS)
        return False


#: Not one that a connection may be given until the server that we start has bound it.
_PORTS = range(20_000, 32_000)


def free_port() -> int:
    """A port of 127.0.0.1 that nobody uses at the moment, below those that outgoing connections are given."""
    for port in random.SystemRandom().sample(_PORTS, 100):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise OSError(f"no free port among {_PORTS.start} to {_PORTS.stop - 1}")
