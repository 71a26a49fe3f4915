"""Who stands by: a worker that dies is replaced, one that ends by itself ends both, and nobody is left behind."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from common.testing.processes import until_gone

pytestmark = pytest.mark.timeout(60)
_PROCESS = Path(__file__).with_name("standby_process.py")
Start = Callable[[str], subprocess.Popen[str]]


@pytest.fixture
def start() -> Iterator[Start]:
    started: list[subprocess.Popen[str]] = []

    def begin(what: str) -> subprocess.Popen[str]:
        started.append(subprocess.Popen([sys.executable, str(_PROCESS), what], stdout=subprocess.PIPE, text=True))
        return started[-1]

    yield begin
    for process in started:
        process.kill()
        process.communicate()


def worker_of(process: subprocess.Popen[str]) -> int:
    """The next worker's pid, without what is logged."""
    assert process.stdout is not None
    while not (line := process.stdout.readline()).strip().isdigit():
        assert line, "it has ended"
    return int(line)


def workers_of(process: subprocess.Popen[str]) -> list[str]:
    said, _ = process.communicate(timeout=30)
    return [line for line in said.splitlines() if line.isdigit()]


def test_a_worker_that_is_killed_is_replaced_and_sigterm_ends_worker_and_standby_as_it_would_have_ended_one(
    start: Start,
) -> None:
    process = start("wait")
    first = worker_of(process)
    assert first != process.pid
    os.kill(first, signal.SIGKILL)
    second = worker_of(process)
    assert second not in (first, process.pid)
    process.terminate()
    assert process.wait(10) == -signal.SIGTERM
    until_gone([second])


def test_killing_who_stands_by_leaves_no_worker(start: Start) -> None:
    process = start("wait")
    worker = worker_of(process)
    process.kill()
    until_gone([worker])


def test_a_worker_that_ends_by_itself_is_not_replaced_and_its_code_is_kept(start: Start) -> None:
    process = start("end")
    assert len(workers_of(process)) == 1
    assert process.returncode == 3


def test_workers_that_crash_one_after_the_other_are_given_up_so_that_whoever_started_us_can_see_it(
    start: Start,
) -> None:
    process = start("crash")
    assert len(workers_of(process)) == 3
    assert process.returncode == -signal.SIGSEGV
