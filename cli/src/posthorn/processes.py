"""The six services as separate processes on this machine, watched and started again when they die."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import httpx

PORTS = {
    "extractor": 8081, "normalizer": 8082, "enricher": 8083, "ranker": 8084, "notifier": 8085, "gateway": 8080,
}  # fmt: skip
_READY_SECONDS = 60.0
_STOP_SECONDS = 25.0


class NotReadyError(Exception):
    """A service did not become ready; its log says why."""


@dataclass
class Processes:
    """Starts, watches and stops `python -m <service>` for each service; logs go to a file each."""

    urls: Mapping[str, str]
    folder: Path
    environment: Mapping[str, str]
    ports: Mapping[str, int] = field(default_factory=lambda: dict(PORTS))
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def __enter__(self) -> Self:
        for service in self.ports:
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

    def start(self, service: str) -> None:
        """Start one service; does not wait for it."""
        self.log(service).parent.mkdir(parents=True, exist_ok=True)
        with self.log(service).open("ab") as log:
            self.running[service] = subprocess.Popen(  # noqa: S603 - our own module
                [sys.executable, "-m", service], stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                env=self._environment(service), start_new_session=True,
            )  # fmt: skip

    def wait_ready(self, services: tuple[str, ...] = ()) -> None:
        """Until every service (or those named) answers /readyz; NotReadyError with the end of its log otherwise."""
        deadline = time.monotonic() + _READY_SECONDS
        for service in services or tuple(self.ports):
            while not self._ready(service):
                if self.running[service].poll() is not None or time.monotonic() > deadline:
                    end = self.log(service).read_text(errors="replace")[-2000:]
                    raise NotReadyError(f"{service} is not ready; the end of {self.log(service)}:\n{end}")
                time.sleep(0.1)

    def kill(self, service: str) -> None:
        """kill -9, as a crash would."""
        self.running[service].kill()
        self.running[service].wait()

    def dead(self) -> list[str]:
        """Services that have ended by themselves."""
        return [service for service, process in self.running.items() if process.poll() is not None]

    def stop(self) -> None:
        """SIGTERM to all, then wait; what does not end in time is killed."""
        for process in self.running.values():
            process.terminate()
        deadline = time.monotonic() + _STOP_SECONDS
        for process in self.running.values():
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _ready(self, service: str) -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{self.ports[service]}/readyz", timeout=6, trust_env=False).is_success
        except httpx.HTTPError:
            return False

    def _environment(self, service: str) -> dict[str, str]:
        others = {f"{s.upper()}_URL": f"http://127.0.0.1:{p}" for s, p in self.ports.items() if s != "gateway"}
        own = {"DATABASE_URL": self.urls[service], "HOST": "127.0.0.1", "PORT": str(self.ports[service])}
        defaults = {"ARCHIVE_URL": (self.folder / "archive").as_uri()}
        if "POSTHORN_API_KEY" not in os.environ:
            defaults["AUTH_DISABLED"] = "true"
        return {**defaults, **os.environ, **others, **self.environment, **own}
