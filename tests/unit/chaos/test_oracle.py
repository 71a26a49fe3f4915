"""The oracle finds each kind of damage in the evidence, and nothing in the evidence of a clean run."""

import copy
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from unittest.mock import Mock

import pytest

from tests.chaos.broker_view import QueueState
from tests.chaos.evidence import Clean, Evidence, RunFacts, trouble
from tests.chaos.journal import Entry
from tests.chaos.oracle import judge
from tests.chaos.scenario import Expected

CLEAN = Clean({"jobs": "a", "postings": "b"}, Counter({("normalizer", "no_title"): 2}), [100], 4, 1.0)


def entry(event_type: str, unit: str, sha256: str = "x", event_id: str = "") -> Entry:
    return Entry(0.0, event_id or f"{event_type} {unit}", event_type, "r", unit, "fetch", sha256, Mock())


def evidence() -> Evidence:
    """Of one run without any fault."""
    run = RunFacts("r", "completed", 0, 0, 0, 100, balanced=True, status="succeeded", finished=frozenset({"u1", "u2"}))
    return Evidence(
        runs=[run],
        digest=dict(CLEAN.digest),
        quarantined=Counter(CLEAN.quarantined),
        unsent={"gateway": 0},
        inflight={"gateway": 0},
        completions=Counter({"r": 1}),
        queues={"q": QueueState(0, 1, stage=True), "q.dead": QueueState(0, 0, stage=False)},
        journal=[
            entry("unit.finished.v1", "u1"), entry("unit.finished.v1", "u1"), entry("unit.finished.v1", "u2"),
            entry("run.completed.v1", "end"), entry("unit.finished.v1", "notify:1"),
        ],
        webhooks=[("r", "w1"), ("r", "w1")],
    )  # fmt: skip


def with_run(**changes: object) -> Callable[[Evidence], None]:
    def damage(found: Evidence) -> None:
        found.runs[0] = replace(found.runs[0], **changes)  # type: ignore[arg-type]  # each case names a field of it

    return damage


def doing(act: Callable[[Evidence], object]) -> Callable[[Evidence], None]:
    def damage(found: Evidence) -> None:
        act(found)

    return damage


DAMAGE: dict[str, tuple[Callable[[Evidence], None], str]] = {
    "stuck": (with_run(state="running", open=1, recount=1), "is running, not completed"),
    "miscounted": (with_run(open=1), "its units say 0"),
    "premature": (with_run(open=1, recount=1), "completed too early"),
    "finished after the end": (with_run(late_units=2), "before 2 of its units finished"),
    "unbalanced": (with_run(balanced=False), "do not balance"),
    "posting lost": (with_run(fetched=99), "fetched 99 postings, a clean one 100"),
    "unit failed": (with_run(status="partial"), "ended as partial"),
    "row lost": (doing(lambda e: e.digest.update(jobs="c")), "jobs differ"),
    "innocent in quarantine": (doing(lambda e: e.quarantined.update({("ranker", "killer"): 1})), "+1 rows"),
    "quarantine row lost": (doing(lambda e: e.quarantined.subtract({("normalizer", "no_title"): 1})), "-1 rows"),
    "page not archived": (doing(lambda e: e.pages_lost.append("bronze/x")), "does not hold bronze/x"),
    "outbox row left": (doing(lambda e: e.unsent.update(gateway=1)), "1 messages unsent in the outbox of gateway"),
    "unit in flight": (doing(lambda e: e.inflight.update(gateway=1)), "1 units noted as in flight"),
    "message left": (doing(lambda e: e.queues.update(q=QueueState(3, 1, stage=True))), "3 messages left in queue q"),
    "dead letter": (
        doing(lambda e: e.queues.update({"q.dead": QueueState(1, 0, stage=False)})), "1 messages left in queue q.dead",
    ),
    "queue gone": (doing(lambda e: e.queues.update(q=QueueState(-1, -1, stage=True))), "q is not declared"),
    "no consumer": (doing(lambda e: e.queues.update(q=QueueState(0, 0, stage=True))), "q has no consumer"),
    "completed twice": (doing(lambda e: e.completions.update(["r"])), "says 2 times"),
    "never completed": (doing(lambda e: e.completions.clear()), "says 0 times"),
    "completion doubled": (
        doing(lambda e: e.journal.append(entry("run.completed.v1", "end", event_id="other"))), "2 different compl",
    ),
    "completion unsaid": (doing(lambda e: e.journal.pop(3)), "0 different completions"),
    "webhook doubled": (doing(lambda e: e.webhooks.append(("r", "w2"))), "2 webhook ids"),
    "webhook lost": (doing(lambda e: e.webhooks.clear()), "0 webhook ids"),
    "webhook of nobody": (doing(lambda e: e.webhooks.append(("s", "w3"))), "not of this scenario"),
    "effect changed": (
        doing(lambda e: e.journal.append(entry("unit.finished.v1", "u1", sha256="y"))), "2 different bodies",
    ),
    "report lost": (doing(lambda e: e.journal.pop(2)), "1 units finished that nobody reported"),
    "ledger row lost": (with_run(finished=frozenset({"u1"})), "1 reported units are not in the ledger"),
    "traceback": (doing(lambda e: e.logged.update({("ranker", "ValueError: x"): 2})), "ranker logged 2 times"),
}  # fmt: skip


def test_a_clean_run_is_not_blamed() -> None:
    assert judge(evidence(), CLEAN) == []


@pytest.mark.parametrize("kind", DAMAGE)
def test_each_kind_of_damage_is_found(kind: str) -> None:
    damage, words = DAMAGE[kind]
    damaged = copy.copy(evidence())
    damage(damaged)
    assert any(words in finding for finding in judge(damaged, CLEAN)), judge(damaged, CLEAN)


def test_what_is_expected_is_demanded() -> None:
    poisoned = evidence()
    poisoned.quarantined["enricher", "killer"] = 2
    assert judge(poisoned, CLEAN, Expected(quarantined={"killer": 2})) == []
    assert judge(poisoned, CLEAN, Expected(quarantined={"killer": 3})) == [
        "2 rows in quarantine under killer, expected 3"
    ]


def test_log_lines_are_told_apart_by_what_they_say() -> None:
    lines = [
        ("ranker", '{"event":"raised","exception":"Traceback (most recent call last):\\nKeyError: 1","level":"error"}'),
        ("ranker", '{"event":"unit_retried","level":"warning"}'),
        ("gateway", "Fatal Python error: Segmentation fault"),
        ("ranker", "Traceback (most recent call last):\n"),
        ("ranker", "  File x, line 1\n"),
        ("ranker", "BrokenPipeError: 32\n"),
        ("ranker", '{"event":"unit_finished","level":"info"}'),
    ]  # fmt: skip
    assert trouble(lines) == Counter(
        {
            ("ranker", "raised KeyError: 1"): 1,
            ("gateway", "Fatal Python error: Segmentation fault"): 1,
            ("ranker", "BrokenPipeError: 32"): 1,
        }
    )
