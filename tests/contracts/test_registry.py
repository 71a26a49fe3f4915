"""The registry is consistent: who emits, which queue receives, which stage executes."""

from common.contracts import CONTROL_QUEUES, QUEUES, REGISTRY, RunCompleted, UnitFinished, registered
from common.contracts.asyncapi import asyncapi_document
from common.messaging.rabbit_topology import Topology
from tests.architecture.tree import SERVICES


def test_emitters_and_receivers_are_services() -> None:
    assert {emitter for entry in REGISTRY for emitter in entry.emitters} <= set(SERVICES)
    assert {queue.split(".")[0] for queue in QUEUES} <= set(SERVICES)


def test_a_stage_queue_serves_one_stage() -> None:
    for queue in set(QUEUES) - set(CONTROL_QUEUES):
        assert len({entry.stage for entry in REGISTRY if queue in entry.queues}) == 1, queue
    stages = [entry.stage for entry in REGISTRY if entry.stage]
    assert len(stages) == len(set(stages))


def test_a_stage_has_one_queue_or_is_asked_of_every_service() -> None:
    assert tuple(f"{service}.control" for service in entry_services()) == CONTROL_QUEUES
    for entry in REGISTRY:
        assert not entry.stage or len(entry.queues) == 1 or entry.queues == CONTROL_QUEUES, entry


def entry_services() -> tuple[str, ...]:
    return registered(UnitFinished.event_type).emitters


def test_the_end_of_a_run_is_heard_by_the_notifier_in_a_stage_that_no_unit_declares() -> None:
    assert registered(RunCompleted.event_type).emitters == ("gateway",)
    assert registered(RunCompleted.event_type).queues == ("notifier.runs",)
    assert registered(RunCompleted.event_type).stage == "notify"


def test_documents_name_the_exchange_that_is_declared() -> None:
    exchanges = {c["bindings"]["amqp"]["exchange"]["name"] for c in asyncapi_document()["channels"].values()}
    assert exchanges == {Topology("posthorn", (5.0,)).events}
