"""A private RabbitMQ node for tests: its own epmd, ports, data and cookie, beside any other broker."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from common.database.child import Child
from common.database.embedded import free_port
from common.testing.processes import kill_tree
from common.testing.rabbitmq_programs import Programs, RabbitUnavailableError, routes

#: Names a broker that exists for tests only.
URL_VARIABLE = "AMQP_URL"
#: Bytes of memory beyond which the node takes no more messages.
MEMORY_LIMIT = 1000 * 1000**2
START_SECONDS = 60.0
STOP_SECONDS = 20.0
_ADVICE = (
    "Install it (Debian: apt-get install rabbitmq-server, macOS: brew install rabbitmq), or set AMQP_URL to a broker "
    "for tests, or set POSTHORN_TEST_WITHOUT_RABBITMQ=1 to leave these tests out knowingly."
)


class RabbitNode:
    """One node with its files in `directory`; started from the main thread it ends with us, even by kill -9.

    With less than `disk_free_limit` free the node takes no more messages; what is set holds from its next start.
    """

    def __init__(self, directory: Path, programs: Programs) -> None:
        self.disk_free_limit = "50MB"
        self._directory = directory
        self._programs = programs
        self._port, self._distribution, self._epmd_port = free_port(), free_port(), free_port()
        self._epmd: Child | None = None
        self._node: Child | None = None

    @property
    def url(self) -> str:
        return f"amqp://posthorn:posthorn@127.0.0.1:{self._port}/"

    @property
    def pid(self) -> int:
        """Of the Erlang machine itself."""
        if self._node is None:
            raise RuntimeError("RabbitMQ is not started")
        return self._node.pid

    def start(self) -> str:
        """Start, or start again on the same data and port; RabbitUnavailableError with the end of the log."""
        self._configure()
        if self._epmd is None or not self._epmd.running:
            command = [str(self._programs.epmd), "-port", str(self._epmd_port), "-address", "127.0.0.1"]
            self._epmd = self._child(command, signal.SIGTERM)
        self._node = self._child([str(self._programs.server)], signal.SIGTERM)
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if not self._node.running or time.monotonic() > deadline:
                log = (self._directory / "node.log").read_text(errors="replace")
                self.stop()
                raise RabbitUnavailableError(f"{self._programs.server} did not start: {log[-2000:]}")
            time.sleep(0.05)
        return self.url

    def stop(self) -> None:
        """Shut down cleanly: the data is kept."""
        for child in (self._node, self._epmd):
            if child is not None:
                child.stop(STOP_SECONDS)
        self._node = self._epmd = None

    def kill(self) -> None:
        """`kill -9` of the node."""
        kill_tree(self.pid)

    def restart(self) -> None:
        """Start again after `kill`, or stop and start a running node; same port, same data."""
        if self._node is not None and self._node.running:
            self._node.stop(STOP_SECONDS)
        self.start()

    def wipe(self) -> None:
        """`kill -9`, then start with nothing stored: the disk is lost."""
        if self._node is not None and self._node.running:
            self.kill()
        shutil.rmtree(self._directory / "data")
        self.start()

    @property
    def data(self) -> Path:
        """Where the node keeps its messages."""
        return self._directory / "data"

    def control(self, *words: str) -> str:
        """The output of `rabbitmqctl` on this node; RuntimeError if it fails."""
        command = [str(self._programs.server.with_name("rabbitmqctl")), *words]
        done = subprocess.run(  # noqa: S603 - our own words
            command, env=self._environment(), capture_output=True, text=True, timeout=START_SECONDS, check=False
        )
        if done.returncode != 0:
            raise RuntimeError(f"rabbitmqctl {words[0]}: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout

    def _child(self, command: list[str], end_with: signal.Signals) -> Child:
        return Child(command, log=self._directory / "node.log", end_with=end_with, env=self._environment())

    def _configure(self) -> None:
        self._directory.mkdir(parents=True, exist_ok=True)
        (self._directory / "enabled_plugins").write_text("[].")
        settings = (
            f"listeners.tcp.1 = 127.0.0.1:{self._port}",
            "default_user = posthorn",
            "default_pass = posthorn",
            "default_user_tags.administrator = true",
            "log.console = true",
            "log.file = false",
            f"disk_free_limit.absolute = {self.disk_free_limit}",
            f"vm_memory_high_watermark.absolute = {MEMORY_LIMIT}",
        )
        (self._directory / "rabbitmq.conf").write_text("\n".join(settings) + "\n")

    def _environment(self) -> dict[str, str]:
        ours = {
            "HOME": "",  # the cookie goes there
            "RABBITMQ_CONF_ENV_FILE": "none",
            "RABBITMQ_CONFIG_FILE": "rabbitmq.conf",
            "RABBITMQ_ENABLED_PLUGINS_FILE": "enabled_plugins",
            "RABBITMQ_MNESIA_BASE": "data",
            "RABBITMQ_LOG_BASE": "log",
            "RABBITMQ_PID_FILE": "pid",
            "RABBITMQ_GENERATED_CONFIG_DIR": "generated",
            "RABBITMQ_SCHEMA_DIR": "schema",
        }
        inherited = {name: it for name, it in os.environ.items() if not name.startswith(("RABBITMQ_", "ERL_"))}
        return {
            **inherited,
            **self._programs.env,
            **{name: str(self._directory / place) for name, place in ours.items()},
            "RABBITMQ_NODENAME": f"test{os.getpid()}-{self._port}@localhost",
            "RABBITMQ_DIST_PORT": str(self._distribution),
            "ERL_EPMD_PORT": str(self._epmd_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1} +S 2:2 +sbwt none",
            "RUNNING_UNDER_SYSTEMD": "1",  # the start script becomes the node, instead of waiting for it
        }

    def _answers(self) -> bool:
        """To a header it does not know, a ready broker answers with the one it does."""
        try:
            with socket.create_connection(("127.0.0.1", self._port), timeout=1) as connection:
                connection.settimeout(2)
                connection.sendall(b"AMQP\x09\x09\x09\x09")
                return bool(connection.recv(1))
        except OSError:
            return False


class ForeignBroker:
    """The broker of AMQP_URL: it can be used, not killed."""

    def __init__(self, url: str) -> None:
        self.url = url


@contextmanager
def rabbitmq(directory: Path, cache: Path) -> Iterator[RabbitNode | ForeignBroker]:
    """The broker of AMQP_URL, or a private node while the context is open; RabbitUnavailableError if there is none."""
    if url := os.environ.get(URL_VARIABLE):
        yield ForeignBroker(url)
        return
    node = _first_that_starts(directory, cache)
    try:
        yield node
    finally:
        node.stop()


def _first_that_starts(directory: Path, cache: Path) -> RabbitNode:
    failures = []
    for find in routes():
        try:
            node = RabbitNode(directory / find.__name__, find(cache))
            node.start()
        except RabbitUnavailableError as error:
            failures.append(f"{find.__name__}: {error}")
        else:
            return node
    raise RabbitUnavailableError(f"no RabbitMQ for the tests. {' | '.join(failures)}. {_ADVICE}")
