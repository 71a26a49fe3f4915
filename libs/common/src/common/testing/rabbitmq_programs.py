"""Finds RabbitMQ's programs: installed ones, or Debian's packages unpacked into a folder of ours, without root."""

import fcntl
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

#: Names the ways to try (`installed`, `packages`), by comma, to see one of them work.
ROUTES_VARIABLE = "POSTHORN_TEST_RABBITMQ"
_APT_SECONDS = 300
_NEEDED = re.compile(r"^(erlang-(?!.*hipe)\S+|rabbitmq-server|libsctp\S+|libtinfo6)$")
# Debian's wrapper in /usr/sbin refuses all users but two; the program behind it does not.
_SERVERS = (
    "/usr/lib/rabbitmq/bin/rabbitmq-server",
    "/opt/homebrew/opt/rabbitmq/sbin/rabbitmq-server",
    "/usr/local/opt/rabbitmq/sbin/rabbitmq-server",
)


class RabbitUnavailableError(Exception):
    """No RabbitMQ can be had here; the message says what was tried and what to do."""


@dataclass(frozen=True, slots=True)
class Programs:
    """Where the server and Erlang's `epmd` are, and the variables they need."""

    server: Path
    epmd: Path
    env: dict[str, str] = field(default_factory=dict)


def installed(_cache: Path) -> Programs:
    """Those on this machine; RabbitUnavailableError if there are none."""
    on_path = shutil.which("rabbitmq-server")
    servers = [Path(it) for it in _SERVERS if Path(it).exists()] + ([Path(on_path)] if on_path else [])
    epmd = shutil.which("epmd")
    if not (servers and epmd and shutil.which("erl")):
        raise RabbitUnavailableError("not installed")
    return Programs(servers[0], Path(epmd))


def unpacked(cache: Path) -> Programs:
    """From `apt-get download` and `dpkg-deb -x` into `cache` (58 MB, once): no root, nothing of the system changed.

    RabbitUnavailableError where there is no apt or it cannot download.
    """
    if not all(map(shutil.which, ("apt-get", "apt-cache", "dpkg-deb"))):
        raise RabbitUnavailableError("no apt here to download it with")
    cache.mkdir(parents=True, exist_ok=True)
    root = cache / "root"
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not root.exists():
            _unpack(cache, root)
    erlang = root / "usr/lib/erlang/bin"
    libraries = ":".join(str(it) for it in (root / "usr/lib").glob("*-linux-gnu*"))
    return Programs(
        root / "usr/lib/rabbitmq/bin/rabbitmq-server",
        erlang / "epmd",
        {"PATH": f"{erlang}:{os.environ['PATH']}", "LD_LIBRARY_PATH": libraries},
    )


def _unpack(cache: Path, root: Path) -> None:
    fresh = cache / "root.new"
    shutil.rmtree(fresh, ignore_errors=True)
    for package in _download(cache):
        _run(["dpkg-deb", "-x", str(package), str(fresh)], cache)
        package.unlink()
    erl = fresh / "usr/lib/erlang/bin/erl"
    # Debian writes the place it expects into the start script.
    erl.write_text(erl.read_text().replace("ROOTDIR=/usr/lib/erlang", f'ROOTDIR="{root}/usr/lib/erlang"'))
    fresh.rename(root)


def _download(cache: Path) -> list[Path]:
    """With the machine's package lists, or, where they are missing or stale, with lists of our own."""
    debs = cache / "debs"
    failures = []
    for options in ([], _own_lists(cache)):
        shutil.rmtree(debs, ignore_errors=True)
        debs.mkdir()
        try:
            if options:
                _run(["apt-get", *options, "-q", "update"], debs)
            _run(["apt-get", *options, "download", "-q", *_package_names(options, debs)], debs)
        except RabbitUnavailableError as error:
            failures.append(str(error))
        else:
            return sorted(debs.glob("*.deb"))
    raise RabbitUnavailableError(" / ".join(failures))


def _own_lists(cache: Path) -> list[str]:
    state, archives = cache / "apt" / "state", cache / "apt" / "cache"
    (state / "lists" / "partial").mkdir(parents=True, exist_ok=True)
    (archives / "archives" / "partial").mkdir(parents=True, exist_ok=True)
    settings = (f"Dir::State={state}", "Dir::State::status=/var/lib/dpkg/status", f"Dir::Cache={archives}")
    return [word for it in (*settings, "APT::Sandbox::User=") for word in ("-o", it)]


def _package_names(options: list[str], folder: Path) -> list[str]:
    refused = ("recommends", "suggests", "conflicts", "breaks", "replaces", "enhances")
    limits = [f"--no-{kind}" for kind in refused]
    listed = _run(["apt-cache", *options, "depends", "--recurse", *limits, "rabbitmq-server"], folder)
    names = sorted({line for line in listed.splitlines() if _NEEDED.match(line)})
    if "rabbitmq-server" not in names:
        raise RabbitUnavailableError("apt's package lists do not hold rabbitmq-server")
    return names


def _run(command: list[str], folder: Path) -> str:
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=_APT_SECONDS, check=False)  # noqa: S603 - our own words
    except subprocess.TimeoutExpired as error:
        raise RabbitUnavailableError(f"{command[0]} took more than {_APT_SECONDS} s") from error
    if done.returncode != 0:
        raise RabbitUnavailableError(f"{' '.join(command[:2])} failed: {done.stderr.strip()[-500:]}")
    return done.stdout


_ROUTES: dict[str, Callable[[Path], Programs]] = {"installed": installed, "packages": unpacked}


def routes() -> list[Callable[[Path], Programs]]:
    """The ways to try, best first; each takes the cache folder."""
    chosen = os.environ.get(ROUTES_VARIABLE)
    return [_ROUTES[name] for name in (chosen.split(",") if chosen else _ROUTES)]
