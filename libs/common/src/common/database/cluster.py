"""The directory of an embedded PostgreSQL: its lock, its first filling, and what is left in it after a crash."""

import fcntl
import os
import secrets
import shutil
import signal
import subprocess
from pathlib import Path
from typing import IO

from common.database.binaries import Binaries, PostgresUnavailableError, RunAs

#: The owner of the cluster, a superuser.
SUPERUSER = "posthorn"
_INITDB_SECONDS = 60
_BUILTIN_COLLATION_SINCE = 17


class DataDirectoryInUseError(Exception):
    """Another process of ours runs on this directory."""


def lock(directory: Path) -> IO[str]:
    """Held while the file is open, freed by the kernel when we die: two starters at once would break the directory."""
    file = (directory / "lock").open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        holder = file.read() or "another"
        file.close()
        raise DataDirectoryInUseError(f"process {holder} already runs PostgreSQL in {directory}") from None
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file


def data(directory: Path) -> Path:
    return directory / "data"


def password(directory: Path) -> str:
    return (directory / "password").read_text()


def major(directory: Path) -> int | None:
    """The major version that made the directory; None where nothing is made yet."""
    try:
        return int((data(directory) / "PG_VERSION").read_text())
    except FileNotFoundError:
        return None


def initialise(directory: Path, binaries: Binaries, way: RunAs) -> None:
    """Make the data directory, beside its place and then moved there: a killed initdb leaves nothing half done."""
    fresh = directory / "data.new"
    shutil.rmtree(fresh, ignore_errors=True)
    secret = _new_password(directory)
    for path in (directory, secret) if way.owner is not None else ():
        os.chown(path, way.owner or 0, -1)
    collation = ["--locale=C.UTF-8"]
    if binaries.major >= _BUILTIN_COLLATION_SINCE:
        collation = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    options = ["-D", str(fresh), "-U", SUPERUSER, "-E", "UTF8", *collation, "-A", "scram-sha-256", f"--pwfile={secret}"]
    made = subprocess.run(  # noqa: S603 - our own words
        [*way.prefix, str(binaries.folder / "initdb"), *options],
        capture_output=True,
        text=True,
        env=environment(),
        timeout=_INITDB_SECONDS,
        check=False,
    )
    if made.returncode != 0:
        raise PostgresUnavailableError(f"initdb of {binaries} failed: {(made.stderr or made.stdout).strip()[-1000:]}")
    fresh.rename(data(directory))


def _new_password(directory: Path) -> Path:
    file = directory / "password"
    file.unlink(missing_ok=True)
    handle = os.open(file, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600)  # private from its first moment
    try:
        os.write(handle, secrets.token_urlsafe(24).encode())
    finally:
        os.close(handle)
    return file


def environment() -> dict[str, str]:
    """Ours without what would steer PostgreSQL elsewhere."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}


def ready(directory: Path, pid: int) -> bool:
    """Whether the server with this pid accepts connections, by its own notes."""
    notes = _notes(directory)
    return len(notes) > 7 and notes[0] == str(pid) and notes[7].startswith("ready")


def clear_leftovers(directory: Path) -> None:
    """Of a server that died without us: it is asked to end if it still runs; notes of a dead one are removed.

    The caller holds the lock, so no living process of ours owns it. PostgreSQL itself refuses to start while the pid
    in its notes exists, be it a zombie or a stranger that got the number after a reboot.
    """
    notes = _notes(directory)
    proc = Path("/proc")
    if not notes or not proc.is_dir():
        return
    process = proc / notes[0]
    try:
        runs_here = (process / "cwd").resolve(strict=True) == data(directory).resolve()
    except OSError:  # gone, or a zombie
        runs_here = False
    if runs_here:
        os.kill(int(notes[0]), signal.SIGINT)
    else:
        (data(directory) / "postmaster.pid").unlink(missing_ok=True)


def _notes(directory: Path) -> list[str]:
    try:
        return (data(directory) / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return []
