"""Another time of day for one process: Debian's libfaketime, installed or unpacked into a folder of ours."""

import fcntl
import shutil
from pathlib import Path

from common.testing import rabbitmq_programs as packages

_PACKAGE = "libfaketime"
_PATTERN = "usr/lib/*/faketime/libfaketime.so.1"


class ClockUnavailableError(Exception):
    """No libfaketime can be had here; the message says what was tried."""


def shifted(seconds: float, cache: Path) -> dict[str, str]:
    """Variables under which a process reads a wall clock that is `seconds` ahead; its monotonic clock stays right.

    It covers whatever the process or its children read through the C library: `time.time`, `datetime.now`, dates that
    libraries write. It does not cover the clocks of PostgreSQL and RabbitMQ, which are other processes.
    """
    return {
        "LD_PRELOAD": str(_library(cache)), "FAKETIME": f"{seconds:+.0f}s", "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "DONT_FAKE_MONOTONIC": "1",
    }  # fmt: skip


def _library(cache: Path) -> Path:
    for root in (Path("/"), cache / "root"):
        if found := sorted(root.glob(_PATTERN)):
            return found[0]
    if not all(map(shutil.which, ("apt-get", "dpkg-deb"))):
        raise ClockUnavailableError("libfaketime is not installed, and there is no apt to download it with")
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            _download(cache)
        except packages.RabbitUnavailableError as error:
            raise ClockUnavailableError(f"libfaketime: {error}") from error
    return next((cache / "root").glob(_PATTERN))


def _download(cache: Path) -> None:
    """With the machine's package lists, or, where they are missing or stale, with lists of our own."""
    try:
        packages._run(["apt-get", "download", "-q", _PACKAGE], cache)
    except packages.RabbitUnavailableError:
        lists = packages._own_lists(cache)
        packages._run(["apt-get", *lists, "-q", "update"], cache)
        packages._run(["apt-get", *lists, "download", "-q", _PACKAGE], cache)
    for package in cache.glob("*.deb"):
        packages._run(["dpkg-deb", "-x", str(package), str(cache / "root")], cache)
        package.unlink()
