"""The embedded PostgreSQL: it starts, keeps what was committed, and leaves nothing running."""

import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import pytest

from common.database import binaries, child
from common.database.binaries import PostgresUnavailableError, find_binaries
from common.database.cluster import DataDirectoryInUseError
from common.database.embedded import EmbeddedPostgres
from common.testing.processes import kill_tree, tree

#: Seconds; far above the 0.1 to 1.5 it takes, for loaded machines.
PATIENCE = 60.0
STARTER = """
import sys, time
from pathlib import Path
from common.database.embedded import EmbeddedPostgres
server = EmbeddedPostgres(Path(sys.argv[1]))
sys.platform = sys.argv[2]
print(server.start(), server.pid, flush=True)
time.sleep(1000)
"""


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    """Named with all that breaks careless code: spaces, umlauts, more length than a socket's path may have."""
    return tmp_path / "päth with späces" / ("x" * 100)


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory that has run before."""
    folder = tmp_path_factory.mktemp("embedded")
    with EmbeddedPostgres(folder):
        return folder


@contextmanager
def starter(folder: Path, platform: str = "linux") -> Iterator["subprocess.Popen[str]"]:
    """Another process that starts the server, prints its URL and pid, and sits there."""
    command = [sys.executable, "-c", STARTER, str(folder), platform]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def told(process: "subprocess.Popen[str]") -> tuple[str, int]:
    assert process.stdout is not None
    url, pid = process.stdout.readline().split()
    return url, int(pid)


def wait_until(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not reached():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def gone(pid: int) -> bool:
    return not Path(f"/proc/{pid}/cwd").exists()


def owner(pid: int) -> int:
    return Path(f"/proc/{pid}").stat().st_uid


async def run(url: str, sql: str) -> object:
    connection = await asyncpg.connect(url, timeout=5)
    try:
        return await connection.fetchval(sql) if sql.startswith(("select", "show")) else await connection.execute(sql)
    finally:
        await connection.close()


async def test_it_starts_stops_and_starts_again_with_its_data(fresh: Path) -> None:
    with EmbeddedPostgres(fresh) as server:
        await run(server.url, "create table note as select 'kept' as text")
        pid = server.pid
    assert gone(pid)
    with EmbeddedPostgres(fresh) as server:
        assert await run(server.url, "select text from note") == "kept"


async def test_it_listens_on_loopback_and_wants_its_password(used: Path) -> None:
    with EmbeddedPostgres(used) as server:
        assert await run(server.url, "show listen_addresses") == "127.0.0.1"
        assert await run(server.url, "show server_encoding") == "UTF8"
        assert stat.S_IMODE((used / "password").stat().st_mode) == 0o600
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(server.url, password="wrong", timeout=5)


async def test_after_kill_9_of_the_server_commits_are_there_and_the_port_is_the_same(used: Path) -> None:
    with EmbeddedPostgres(used) as server:
        url = server.url
        await run(url, "create table counted as select generate_series(1, 1000) as n")
        for _ in range(3):
            kill_tree(server.pid)
            assert server.start() == url
            assert await run(url, "select count(*) from counted") == 1000


async def test_kill_9_of_the_postmaster_alone_does_not_block_the_next_start(used: Path) -> None:
    with EmbeddedPostgres(used) as server:
        os.kill(server.pid, signal.SIGKILL)
        wait_until(lambda: not server.running)
        assert await run(server.start(), "select 1") == 1


@pytest.mark.parametrize("platform", ["linux", "darwin"])
async def test_kill_9_of_the_starter_ends_the_server_and_the_next_start_works(used: Path, platform: str) -> None:
    with starter(used, platform) as process:
        url, pid = told(process)
        await run(url, "drop table if exists started; create table started as select 1 as n")
        servers = tree(pid)
        process.kill()
    with EmbeddedPostgres(used) as server:
        assert await run(server.url, "select n from started") == 1
        wait_until(lambda: all(map(gone, servers)))


async def test_a_second_starter_is_told_who_runs_it(used: Path) -> None:
    with EmbeddedPostgres(used) as server:
        with pytest.raises(DataDirectoryInUseError, match=f"process {os.getpid()} already runs"):
            EmbeddedPostgres(used).start()
        assert await run(server.url, "select 1") == 1


def test_two_first_starters_at_once_make_one_server(fresh: Path) -> None:
    with starter(fresh) as one, starter(fresh) as other:
        wait_until(lambda: one.poll() is not None or other.poll() is not None)
        loser, winner = sorted((one, other), key=lambda it: it.poll() is None)
        assert told(winner)[0].startswith("postgresql://")
        assert "DataDirectoryInUseError" in loser.communicate()[1]


async def test_a_start_cut_off_while_the_directory_was_made_is_made_good(fresh: Path) -> None:
    (fresh / "data.new" / "base").mkdir(parents=True)
    (fresh / "password").write_text("half")
    with EmbeddedPostgres(fresh) as server:
        assert await run(server.url, "select 1") == 1


async def test_notes_of_a_server_whose_number_went_to_a_stranger_do_not_block(used: Path) -> None:
    with EmbeddedPostgres(used) as server:
        notes = (used / "data" / "postmaster.pid").read_text().splitlines()
        kill_tree(server.pid)
    (used / "data" / "postmaster.pid").write_text("\n".join([str(os.getpid()), *notes[1:]]) + "\n")
    with EmbeddedPostgres(used) as server:
        assert await run(server.url, "select 1") == 1


def test_a_directory_of_another_version_is_left_alone(fresh: Path) -> None:
    (fresh / "data").mkdir(parents=True)
    (fresh / "data" / "PG_VERSION").write_text("9\n")
    with pytest.raises(PostgresUnavailableError, match=r"PostgreSQL 9 \(it made this data directory\) was not found"):
        EmbeddedPostgres(fresh).start()
    assert [it.name for it in (fresh / "data").iterdir()] == ["PG_VERSION"]


def test_a_server_that_refuses_to_start_shows_its_log_and_frees_the_directory(used: Path) -> None:
    with pytest.raises(PostgresUnavailableError, match="shared_buffers"):
        EmbeddedPostgres(used, {"shared_buffers": "nonsense"}).start()
    with EmbeddedPostgres(used):
        pass


@pytest.mark.parametrize("major", [15, 16, 17])
async def test_other_versions_work_too(fresh: Path, major: int, monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        found = find_binaries(major)
    except PostgresUnavailableError:
        pytest.skip(f"PostgreSQL {major} is not on this machine")
    monkeypatch.setenv(binaries.BINARIES_VARIABLE, str(found.folder))
    with EmbeddedPostgres(fresh) as server:
        assert await run(server.url, "select current_setting('server_version_num')::int / 10000") == major
        assert await run(server.url, "select 'ä' < 'z'") is False  # by code point, whatever the machine's language


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to run it as someone else")
def test_root_without_user_namespaces_runs_it_as_another_account(fresh: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binaries, "_in_namespace", lambda: binaries.RunAs(("false",)))
    with EmbeddedPostgres(fresh) as server:
        account = owner(server.pid)
        assert account != 0
    monkeypatch.undo()
    with EmbeddedPostgres(fresh) as server:  # the directory stays with its account
        assert owner(server.pid) == account


def test_a_child_that_does_not_listen_is_made_to_end(tmp_path: Path) -> None:
    deaf = child.Child(
        [
            sys.executable,
            "-c",
            "import signal, time; signal.signal(2, signal.SIG_IGN); print(1, flush=True); time.sleep(99)",
        ],
        log=tmp_path / "log",
        end_with=signal.SIGINT,
    )
    wait_until(lambda: (tmp_path / "log").read_text() != "")
    deaf.stop(grace=0.2)
    assert not deaf.running
