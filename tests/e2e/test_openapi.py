"""The gateway's own description against what it answers: no 5xx, nothing undocumented, whatever it is sent."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance

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


def test_no_request_gets_a_5xx_or_an_undocumented_answer(description: schemathesis.BaseSchema) -> None:
    wrong: list[str] = []
    for found in description.get_all_operations():
        operation = found.ok()

        @settings(max_examples=10, deadline=None, derandomize=True, database=None, suppress_health_check=[*HealthCheck])
        @given(case=operation.as_strategy())
        def holds(case: schemathesis.Case) -> None:
            case.call_and_validate(checks=[not_a_server_error, status_code_conformance, response_schema_conformance])

        try:
            holds()
        except (AssertionError, BaseExceptionGroup, schemathesis.errors.SchemathesisError) as error:
            wrong.append(f"{operation.label}: {error}")
    assert not wrong, "\n\n".join(wrong)
