"""The product replays its archive with every connection but that to PostgreSQL refused, and reports what changed."""

import json
import subprocess
import sys

import pytest

pytestmark = pytest.mark.timeout(400)
_POSTINGS = 300


def test_a_replay_needs_no_network_and_says_what_it_changed() -> None:
    """The command itself fails where a connection was tried, books do not balance or a second time changes anything."""
    ended = subprocess.run(
        [sys.executable, "-m", "benchmarks.replay", "--postings", str(_POSTINGS)], capture_output=True, text=True,
        timeout=360, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stdout + ended.stderr
    result = json.loads(ended.stdout.splitlines()[-1])
    assert result["cut_off"] is True
    changed = result["replay"]["changed"]
    assert changed["normalize.department"] == _POSTINGS
    assert changed["normalize.title"] == changed["normalize.hash_key"] > _POSTINGS / 20
    assert result["replay"]["example"]["after"] == "Read by today's rules"
