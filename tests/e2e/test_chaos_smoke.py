"""A small part of `make chaos` on generated postings, and the proof that its oracle can fail."""

from collections.abc import Iterator

import pytest

from common.testing.rabbitmq import RabbitNode
from tests.chaos.duplicates import Duplicator
from tests.chaos.evidence import collect
from tests.chaos.launch import running_rig
from tests.chaos.oracle import judge
from tests.chaos.rig import SERVICES, Rig
from tests.chaos.scenario import WORKER_DIED, Expected
from tests.chaos.service_kills import Chain
from tests.chaos.workload import Workload, sample

SEED = 1
WORK = Workload(((sample(1000, 1),),), "generated postings")
pytestmark = pytest.mark.timeout(600)

#: Another window of a unit's transaction for each service.
POINTS = {
    "extractor": "archive_after_put",
    "normalizer": "before_commit",
    "enricher": "after_commit_before_publish",
    "ranker": "after_publish_before_mark",
    "gateway": "after_mark_before_ack",
    "notifier": "after_receive",
}
#: What is done to the tables behind the services' back, and what the oracle has to say about it.
DAMAGE = {
    "DELETE FROM gateway.job WHERE hash_key = (SELECT min(hash_key::text)::uuid FROM gateway.job)": "jobs differ",
    "UPDATE gateway.run SET open = open + 1": "its units say 0",
    "DELETE FROM gateway.unit WHERE unit_id = (SELECT min(unit_id) FROM gateway.unit WHERE stage = 'enrich')": (
        "reported units are not in the ledger"
    ),
    "INSERT INTO gateway.outbox (event_id, headers, body, next_at, sent_at) "
    "SELECT gen_random_uuid(), headers, body, now(), now() FROM gateway.outbox "
    "WHERE headers ->> 'event_type' LIKE 'run.completed.%'": "the outbox says 2 times",
    "UPDATE enricher.outbox SET sent_at = NULL, next_at = now() + interval '1 hour' "
    "WHERE seq = (SELECT min(seq) FROM enricher.outbox)": "1 messages unsent in the outbox of enricher",
    "INSERT INTO ranker.inflight (run_id, unit_id, process) VALUES ('r', 'u', gen_random_uuid())": (
        "1 units noted as in flight at ranker"
    ),
}


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory, rabbitmq: RabbitNode) -> Iterator[Rig]:
    with running_rig(tmp_path_factory.mktemp("chaos"), SEED, WORK, node=rabbitmq, namespace="chaos_smoke") as running:
        running.measure_clean(len(WORK.parts))
        yield running


def test_services_killed_in_mid_run_and_at_crash_points_lose_and_double_nothing(rig: Rig) -> None:
    rig.begin("services and duplicates")
    duplicator = Duplicator(rig.journal, rig.node.url, f"{rig.namespace}.events", rig.random)
    chain = Chain(rig, {service: [point] for service, point in POINTS.items()})
    expected = Expected(logged=(WORKER_DIED,))

    def kill(service: str) -> None:
        rig.kill(service)
        rig.start(service, **chain.variables(service))

    def kill_all(rig: Rig, run: str) -> None:
        following = rig.journal.in_thread(duplicator.follow())
        for service in SERVICES:
            if service != "extractor":
                kill(service)
        waited_for = ("extractor", "normalizer", "enricher", "ranker", "gateway")
        rig.poll(lambda: not any(p.startswith(waited_for) for p in chain.left()), 120, "all but the notifier there")
        duplicator.stop()
        following.result(60)

    kill("extractor")  # its pages may be read before anybody can kill it in mid-run: it dies there by its crash point
    outcome = rig.run_and_check(kill_all, share=0, expected=expected)
    assert outcome.findings == []
    assert chain.left() == []
    assert duplicator.copies > 0


def test_broker_and_database_killed_in_mid_run_lose_nothing_and_services_come_back_by_themselves(rig: Rig) -> None:
    rig.begin("servers")
    before = {name: process.pid for name, process in rig.processes.running.items()}

    def kill_servers(rig: Rig, run: str) -> None:
        rig.kill_database()
        rig.postgres.start()
        rig.kill_broker()
        rig.node.start()
        rig.consumers_back(60)
        rig.progresses(run, 60)

    outcome = rig.run_and_check(kill_servers, expected=Expected(logged=("queue_stores_nothing",)))
    assert outcome.findings == []
    assert {name: process.pid for name, process in rig.processes.running.items()} == before
    assert rig.processes.dead() == []


def test_the_oracle_finds_damage_in_the_tables(rig: Rig) -> None:
    rig.begin("damage")
    assert rig.run_and_check(None).findings == []
    (run_id,) = rig.stack.rows("SELECT run_id FROM gateway.run")[0]
    for sql in DAMAGE:
        rig.stack.rows(sql)
    findings = judge(collect(rig, [run_id], []), rig.clean[0])
    for words in DAMAGE.values():
        assert any(words in finding for finding in findings), (words, findings)
