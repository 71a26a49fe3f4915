"""kill -9 of the broker and of the database, and a broker that has forgotten everything."""

import asyncio
import contextlib
import threading
import time
from dataclasses import replace

from common.messaging.protocol import BrokerUnavailableError
from tests.chaos.broker_view import delete_queues
from tests.chaos.rig import Rig
from tests.chaos.scenario import Expected, Outcome, Scenario

_SECOND = "chaos_fresh"
#: What watches the queues is right to say so while the broker is away or empty.
_AWAY = Expected(logged=("queue_stores_nothing",))


def broker_kills(rig: Rig) -> Outcome:
    """In mid-run: at once, within a second of its boot, and while queues are being declared."""
    faults = (_kill_broker, _kill_broker_at_boot, _kill_broker_at_declare)
    for _ in range(5 if rig.long else 1):
        rig.run_and_check(lambda rig, run: faults[int(run.split("-")[1])](rig), runs=3, expected=_AWAY)
        if not rig.outcome.passed:
            break
    return rig.outcome


def _kill_broker(rig: Rig) -> None:
    rig.kill_broker()
    time.sleep(rig.random.uniform(0, 2))
    rig.node.start()
    rig.consumers_back()


def _kill_broker_at_boot(rig: Rig) -> None:
    rig.kill_broker()
    rig.node.start()
    time.sleep(rig.random.uniform(0, 1))
    _kill_broker(rig)


def _kill_broker_at_declare(rig: Rig) -> None:
    """Queues of another namespace are being declared, so that their loss costs no message of ours."""

    def declare() -> None:
        with contextlib.suppress(BrokerUnavailableError):  # the broker is killed under it
            rig.declare(_SECOND)

    declaring = threading.Thread(target=declare)
    declaring.start()
    time.sleep(rig.random.uniform(0.2, 1.0))
    rig.kill_broker()
    declaring.join()
    rig.node.start()
    rig.consumers_back()
    rig.declare(_SECOND, recreate=True)
    rig.declare()
    asyncio.run(delete_queues(rig.node.url, _SECOND))


def database_kills(rig: Rig) -> Outcome:
    """In mid-run, with all its children."""
    for _ in range(7 if rig.long else 1):
        rig.run_and_check(_kill_database, runs=3)
        if not rig.outcome.passed:
            break
    return rig.outcome


def _kill_database(rig: Rig, run: str) -> None:
    rig.kill_database()
    time.sleep(rig.random.uniform(0, 2))
    rig.postgres.start()
    rig.progresses(run)


def broker_wiped(rig: Rig) -> Outcome:
    """All messages are gone in mid-run; probes have the services send them again from their outboxes."""
    with rig.services_with(("gateway",), PROBE_AFTER="PT5S", SWEEP_EVERY="PT1S"):
        for _ in range(3 if rig.long else 1):
            rig.run_and_check(_wipe, expected=replace(_AWAY, heard=False))
            if not rig.outcome.passed:
                break
    return rig.outcome


def _wipe(rig: Rig, run: str) -> None:
    rig.wipe_broker()
    rig.consumers_back()
    rig.progresses(run)


SCENARIOS = (
    Scenario("broker-kills", "RabbitMQ killed in mid-run, at boot, at declare", broker_kills),
    Scenario("database-kills", "PostgreSQL and its children killed in mid-run", database_kills),
    Scenario("broker-wiped", "RabbitMQ's data deleted in mid-run", broker_wiped),
)
