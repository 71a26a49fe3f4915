"""kill -9 of each service in the middle of a run: the run completes once and nothing differs from a quiet run."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from common.testing.rabbitmq import RabbitNode
from tests.support.receiver import Receiver, receiver
from tests.support.stack import Stack, running_stack

SERVICES = ("extractor", "normalizer", "enricher", "ranker", "gateway", "notifier")
POSTINGS = 800
pytestmark = pytest.mark.timeout(300)


def source(seed: int) -> dict[str, object]:
    return {"source": "sample", "params": {"count": POSTINGS, "seed": seed}, "max_pages": 1000}


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory, rabbitmq: RabbitNode) -> list[dict[str, str]]:
    """Digests of the business tables after each of the same runs, undisturbed."""
    with running_stack(tmp_path_factory.mktemp("quiet"), rabbitmq.url, "e2e_quiet") as stack:
        campaign = stack.campaign()
        digests = []
        for seed in range(len(SERVICES)):
            assert stack.run(campaign, source(seed))["status"] == "succeeded"
            digests.append(stack.digest())
        return digests


@pytest.fixture(scope="module")
def disturbed(
    tmp_path_factory: pytest.TempPathFactory, rabbitmq: RabbitNode, hook: Receiver
) -> Iterator[tuple[Stack, str]]:
    folder: Path = tmp_path_factory.mktemp("disturbed")
    with running_stack(folder, rabbitmq.url, "e2e_disturbed", WEBHOOK_ALLOW_PRIVATE="true") as stack:
        stack.client.call("POST", "/endpoints", json={"url": hook.url})
        yield stack, stack.campaign()


@pytest.fixture(scope="module")
def hook() -> Iterator[Receiver]:
    with receiver() as found:
        yield found


@pytest.mark.parametrize("service", SERVICES)
def test_a_killed_service_loses_and_doubles_nothing(
    disturbed: tuple[Stack, str], quiet: list[dict[str, str]], hook: Receiver, service: str
) -> None:
    stack, campaign = disturbed
    number = SERVICES.index(service)
    run_id = stack.start(campaign, source(number))
    stack.until(run_id, lambda run: run["books"]["fetched"] > POSTINGS * 0.2 and run["state"] == "running")
    stack.processes.kill(service)
    stack.processes.start(service)
    stack.processes.wait_ready((service,))
    run = stack.ended(run_id)
    assert run["status"] == "succeeded", run
    assert run["books"]["balanced"]
    assert run["books"]["fetched"] == POSTINGS
    assert stack.digest() == quiet[number]
    hook.wait_for(number + 1)
    delivered = stack.rows("SELECT count(*) FROM notifier.delivery")[0][0]
    assert delivered == number + 1, "one delivery for each run"
    messages = {r.headers["webhook-id"] for r in hook.received}
    assert len(messages) == number + 1, "one webhook id for each run"
