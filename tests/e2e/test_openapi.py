"""The gateway's own description against what it answers: no 5xx, nothing undocumented, whatever it is sent."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error

from common.database.embedded import free_port

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="session")
def gateway_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The embedded stack as `posthorn up` runs it."""
    url = f"http://127.0.0.1:{(port := free_port())}"
    unset = ("DATABASE_URL", "AMQP_URL", "POSTHORN_API_KEY")
    home = str(tmp_path_factory.mktemp("openapi"))
    environment = {k: v for k, v in os.environ.items() if k not in unset} | {"POSTHORN_HOME": home}
    with subprocess.Popen([sys.executable, "-m", "posthorn", "up", "--port", str(port)], env=environment) as process:
        deadline = time.monotonic() + 60
        while not _ready(url):
            assert process.poll() is None, "posthorn up has ended"
            assert time.monotonic() < deadline, "posthorn up is not ready"
            time.sleep(0.1)
        yield url
        process.terminate()


def _ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", trust_env=False).is_success
    except httpx.HTTPError:
        return False


@pytest.fixture(scope="session")
def description(gateway_url: str) -> schemathesis.BaseSchema:
    return schemathesis.openapi.from_url(f"{gateway_url}/openapi.json")


schema = schemathesis.pytest.from_fixture("description")


@schema.parametrize()
@settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_no_request_gets_a_5xx_or_an_undocumented_answer(case: schemathesis.Case) -> None:
    response = case.call()
    case.validate_response(
        response,
        checks=[
            not_a_server_error,
            schemathesis.checks.load_all_checks() or not_a_server_error,
        ],
    )
