"""The private RabbitMQ node: comes back after kill -9, ends with its starter, keeps out of others' way."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from common.testing.processes import tree
from common.testing.rabbitmq import RabbitNode
from tests.support.data import REPOSITORY

STARTER = """
import sys, time
from pathlib import Path
from common.testing.rabbitmq import rabbitmq
with rabbitmq(Path(sys.argv[1]), Path(sys.argv[2])) as node:
    print(node.pid, node._epmd.pid, flush=True)
    time.sleep(1000)
"""
PATIENCE = 60.0


def gone(pid: int) -> bool:
    return not Path(f"/proc/{pid}/cwd").exists()


def test_it_comes_back_after_kill_9_at_the_same_place(rabbitmq: object) -> None:
    if not isinstance(rabbitmq, RabbitNode):
        pytest.skip("the broker of AMQP_URL is not ours to kill")
    url, pid = rabbitmq.url, rabbitmq.pid
    rabbitmq.kill()
    assert gone(pid)
    rabbitmq.restart()
    assert rabbitmq.url == url
    assert rabbitmq.pid != pid


def test_kill_9_of_the_starter_leaves_nothing_running(tmp_path: Path) -> None:
    environment = {name: it for name, it in os.environ.items() if name != "AMQP_URL"} | {"HOME": str(tmp_path / "home")}
    command = [sys.executable, "-c", STARTER, str(tmp_path / "node"), str(REPOSITORY / ".cache" / "rabbitmq")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as starter:
        assert starter.stdout is not None
        roots = [int(it) for it in starter.stdout.readline().split()]
        processes = [pid for root in roots for pid in tree(root)]
        starter.kill()
    deadline = time.monotonic() + PATIENCE
    while not all(map(gone, processes)):
        assert time.monotonic() < deadline, f"still running: {[it for it in processes if not gone(it)]}"
        time.sleep(0.05)
    assert not (tmp_path / "home").exists()
