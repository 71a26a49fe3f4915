"""The chaos suite's clock shifts the time of day of a process, not the time that passes."""

import os
import subprocess
import sys
import time

import pytest

from tests.chaos.clock import ClockUnavailableError, shifted
from tests.support.data import REPOSITORY

_ASK = "import time, datetime; print(time.time(), datetime.datetime.now(datetime.UTC).timestamp(), time.monotonic())"


@pytest.mark.parametrize("seconds", [600, -600])
def test_a_shifted_process_reads_another_time_of_day(seconds: int) -> None:
    try:
        variables = shifted(seconds, REPOSITORY / ".cache" / "faketime")
    except ClockUnavailableError as error:
        pytest.skip(str(error))
    asked = subprocess.run(
        [sys.executable, "-c", _ASK], env=os.environ | variables, capture_output=True, text=True, check=True, timeout=60
    )
    wall, date, monotonic = map(float, asked.stdout.split())
    assert wall - time.time() == pytest.approx(seconds, abs=30)
    assert date - time.time() == pytest.approx(seconds, abs=30)
    assert monotonic == pytest.approx(time.monotonic(), abs=30)
