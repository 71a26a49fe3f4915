"""The gateway's own description under schemathesis: every operation alone, then chains of operations by links."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from common.database.embedded import free_port

#: No 5xx, and nothing that the description does not tell of.
CHECKS = (
    "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance",
    "response_schema_conformance", "use_after_free",
)  # fmt: skip


@contextmanager
def gateway(home: Path) -> Iterator[str]:
    """The URL of an embedded stack as `posthorn up` runs it, without a key."""
    url = f"http://127.0.0.1:{(port := free_port())}"
    unset = ("DATABASE_URL", "AMQP_URL", "POSTHORN_API_KEY")
    environment = {k: v for k, v in os.environ.items() if k not in unset} | {"POSTHORN_HOME": str(home)}
    command = [sys.executable, "-m", "posthorn", "up", "--port", str(port)]
    with (home / "stack.log").open("wb") as log, subprocess.Popen(command, env=environment, stderr=log) as process:
        try:
            deadline = time.monotonic() + 90
            while not _ready(url):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"posthorn up is not ready; its log is {home / 'stack.log'}")
                time.sleep(0.1)
            yield url
        finally:
            process.terminate()


def _ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", trust_env=False).is_success
    except httpx.HTTPError:
        return False


def stateful(url: str, seed: int, seconds: int, examples: int) -> tuple[int, str]:
    """Schemathesis' exit code (0: nothing found) and report."""
    command = [
        sys.executable, "-m", "schemathesis.cli", "run", f"{url}/openapi.json",
        "--phases", "examples,coverage,fuzzing,stateful",
        "--checks", ",".join(CHECKS), "--max-examples", str(examples), "--max-time", str(seconds), "--seed", str(seed),
        "--generation-database", "none", "--suppress-health-check", "all", "--request-timeout", "30", "--no-color",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 300, check=False)
    return done.returncode, done.stdout + done.stderr
