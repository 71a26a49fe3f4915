"""Starts the product for the suite: private servers, six processes, a campaign, an endpoint outside."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from common.database.embedded import EmbeddedPostgres, free_port
from common.testing.rabbitmq import RabbitNode, rabbitmq
from posthorn.deployment import prepare
from posthorn.processes import PORTS, Processes
from tests.chaos.journal import Journal
from tests.chaos.rig import Rig
from tests.chaos.workload import Workload
from tests.support.data import REPOSITORY
from tests.support.provider import running_provider
from tests.support.receiver import receiver
from tests.support.stack import Stack

#: No probes by default: what heals a loss would also hide it.
_ENVIRONMENT = {"LOG_LEVEL": "INFO", "WEBHOOK_ALLOW_PRIVATE": "true", "PROBE_AFTER": "PT1H", "SWEEP_EVERY": "PT5S"}


@contextmanager
def running_rig(
    folder: Path, seed: int, work: Workload, *, node: RabbitNode | None = None, namespace: str = "chaos",
    database: Path | None = None, broker: Path | None = None, archive: Path | None = None, long: bool = False,
    **environment: str,
) -> Iterator[Rig]:  # fmt: skip
    """A running product with everything in `folder`; the folders of database, broker and archive may be elsewhere.

    A node that is given is used with this namespace, and may be killed; the environment is that of all services.
    """
    archive = (archive or folder / "archive").absolute()
    with ExitStack() as stack:
        postgres = stack.enter_context(EmbeddedPostgres(database or folder / "postgres", {"fsync": "off"}))
        node = node or _private_node(stack, broker or folder / "rabbitmq")
        provider = stack.enter_context(running_provider(work.payloads))
        hook = stack.enter_context(receiver())
        urls = asyncio.run(prepare(postgres.url, folder, node.url, namespace))
        journal = stack.enter_context(Journal(node.url, namespace, folder / "journal.jsonl"))
        settings = {
            **_ENVIRONMENT, **provider.environment, "AMQP_URL": node.url, "NAMESPACE": namespace,
            "ARCHIVE_URL": archive.as_uri(), **environment,
        }  # fmt: skip
        ports = {service: free_port() for service in PORTS}
        processes = stack.enter_context(Processes(urls, folder, settings, ports))
        product = Stack(processes, postgres.url)
        rig = Rig(
            folder, archive, namespace, product, node, postgres, journal, hook, provider,
            work=work, seed=seed, long=long, campaign=product.campaign(),
        )  # fmt: skip
        product.client.call("POST", "/endpoints", json={"url": hook.url})
        rig.settle(0)
        yield rig


def _private_node(stack: ExitStack, folder: Path) -> RabbitNode:
    node = stack.enter_context(rabbitmq(folder, REPOSITORY / ".cache" / "rabbitmq"))
    if not isinstance(node, RabbitNode):
        raise RuntimeError("unset AMQP_URL: the suite kills its broker, so it starts one of its own")  # noqa: TRY004 - the environment is wrong
    return node
