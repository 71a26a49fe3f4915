"""The demo as a new user runs it: twice, on the same data, without a terminal."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.timeout(240)


def demo(home: Path) -> str:
    unset = ("DATABASE_URL", "AMQP_URL", "POSTHORN_API_KEY", "POSTHORN_URL")
    # Wide enough that no line of the books is broken.
    environment = {k: v for k, v in os.environ.items() if k not in unset} | {
        "POSTHORN_HOME": str(home),
        "COLUMNS": "160",
    }
    ended = subprocess.run(
        [sys.executable, "-m", "posthorn", "demo"], env=environment, stdin=subprocess.DEVNULL, capture_output=True,
        text=True, timeout=120, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def test_the_demo_shows_ranked_explained_jobs_and_the_second_one_finds_all_unchanged(tmp_path: Path) -> None:
    first = demo(tmp_path)
    assert "balanced" in first
    assert "The ten best jobs" in first
    assert "Why the first is first" in first
    assert " 0 unchanged" in first
    assert "3 rejected" in first
    second = demo(tmp_path)
    assert " 0 new + 0 updated" in second
    assert "3 rejected" in second
    assert "balanced" in second
    assert best(first) == best(second)


def best(screen: str) -> str:
    """The table of the best jobs and the explanation."""
    return screen[screen.index("The ten best jobs") : screen.index("The data is in")]
