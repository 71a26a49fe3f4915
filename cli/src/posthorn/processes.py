"""The six services as separate processes on this machine, watched and started again when they die."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import httpx

from common.database.embedded import free_port

PORTS = {
    "extractor": 8081, "normalizer": 8082, "enricher": 8083, "ranker": 8084, "notifier": 8085, "gateway": 8080,
}  # fmt: skip
_READY_SECONDS = 60.0
_STOP_SECONDS = 25.0


class NotReadyError(Exception):
    """A service did not become ready; its log says why."""


@dataclass
class Processes:
    """Starts, watches and stops `python -m <service>` for each service; logs go to a file each.

    A further copy of a service has a name of its own, such as `ranker.2`, and a free port.
    """

    urls: Mapping[str, str]
    folder: Path
    environment: Mapping[str, str]
    ports: dict[str, int] = field(default_factory=lambda: dict(PORTS))
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def __enter__(self) -> Self:
        for service in PORTS:
            self.start(service)
        self.wait_ready()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Where the gateway is."""
        return f"http://127.0.0.1:{self.ports['gateway']}"

    def log(self, service: str) -> Path:
        """The log file of a service."""
        return self.folder / "log" / f"{service}.log"

    def start(self, name: str, *, command: Sequence[str] = (), environment: Mapping[str, str] | None = None) -> None:
        """Start one service or copy, with variables or a command of its own if given; does not wait for it."""
        service = name.partition(".")[0]
        self.ports.setdefault(name, free_port())
        self.log(name).parent.mkdir(parents=True, exist_ok=True)
        with self.log(name).open("ab") as log:
            self.running[name] = subprocess.Popen(  # noqa: S603 - our own module
                command or [sys.executable, "-m", service], stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                env=self._environment(name) | dict(environment or {}), start_new_session=True,
            )  # fmt: skip

    def wait_ready(self, services: tuple[str, ...] = ()) -> None:
        """Until every service (or those named) answers /readyz; NotReadyError with the end of its log otherwise."""
        deadline = time.monotonic() + _READY_SECONDS
        with httpx.Client(timeout=6, trust_env=False) as http:
            for service in services or tuple(self.running):
                while not self._ready(http, service):
                    if self.running[service].poll() is not None or time.monotonic() > deadline:
                        end = self.log(service).read_text(errors="replace")[-2000:]
                        raise NotReadyError(f"{service} is not ready; the end of {self.log(service)}:\n{end}")
                    time.sleep(0.1)

    def kill(self, service: str) -> None:
        """kill -9, as a crash would."""
        self.running[service].kill()
        self.running[service].wait()

    def remove(self, service: str) -> None:
        """Stop one service or copy for good, as a scale-down does; what does not end in time is killed."""
        process = self.running.pop(service)
        process.terminate()
        _ended(process, time.monotonic() + _STOP_SECONDS)

    def dead(self) -> list[str]:
        """Services that have ended by themselves."""
        return [service for service, process in self.running.items() if process.poll() is not None]

    def stop(self) -> None:
        """SIGTERM to all, then wait; what does not end in time is killed."""
        for process in self.running.values():
            process.terminate()
        deadline = time.monotonic() + _STOP_SECONDS
        for process in self.running.values():
            _ended(process, deadline)

    def _ready(self, http: httpx.Client, service: str) -> bool:
        try:
            return http.get(f"http://127.0.0.1:{self.ports[service]}/readyz").is_success
        except httpx.HTTPError:
            return False

    def _environment(self, name: str) -> dict[str, str]:
        services = [service for service in PORTS if service != "gateway"]
        others = {f"{service.upper()}_URL": f"http://127.0.0.1:{self.ports[service]}" for service in services}
        url = self.urls[name.partition(".")[0]]
        own = {"DATABASE_URL": url, "HOST": "127.0.0.1", "PORT": str(self.ports[name])}
        defaults = {"ARCHIVE_URL": (self.folder / "archive").as_uri()}
        if "POSTHORN_API_KEY" not in os.environ:
            defaults["AUTH_DISABLED"] = "true"
        return {**defaults, **os.environ, **others, **self.environment, **own}


def _ended(process: subprocess.Popen[bytes], deadline: float) -> None:
    try:
        process.wait(max(0.1, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
