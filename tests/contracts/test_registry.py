"""The registry is consistent: who emits, which queue receives, which stage executes."""

from common.contracts import QUEUES, REGISTRY, RunCompleted, registered
from common.contracts.asyncapi import asyncapi_document
from common.messaging.rabbit_topology import Topology
from tests.architecture.tree import SERVICES


def test_emitters_and_receivers_are_services() -> None:
    assert {emitter for entry in REGISTRY for emitter in entry.emitters} <= set(SERVICES)
    assert {queue.split(".")[0] for queue in QUEUES} <= set(SERVICES)


def test_a_queue_belongs_to_one_stage() -> None:
    assert len(QUEUES) == sum(len(entry.queues) for entry in REGISTRY)
    stages = [entry.stage for entry in REGISTRY if entry.stage]
    assert len(stages) == len(set(stages))


def test_a_stage_has_exactly_one_queue() -> None:
    assert [entry.event.event_type for entry in REGISTRY if entry.stage and len(entry.queues) != 1] == []


def test_the_notifier_works_after_the_run() -> None:
    assert not [entry for entry in REGISTRY if "notifier" in entry.emitters]
    assert registered(RunCompleted.event_type).stage is None
    assert registered(RunCompleted.event_type).queues == ("notifier.runs",)


def test_documents_name_the_exchange_that_is_declared() -> None:
    exchanges = {c["bindings"]["amqp"]["exchange"]["name"] for c in asyncapi_document()["channels"].values()}
    assert exchanges == {Topology("posthorn", (5.0,)).events}
