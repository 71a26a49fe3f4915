"""The enricher at a hundredth of its speed: what it cannot take waits in bounded queues and in outboxes."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from common.messaging.rabbit_topology import Topology
from common.testing.rabbitmq import MEMORY_LIMIT
from tests.chaos.freezes import SAID
from tests.chaos.other_builds import built_with, sample_of
from tests.chaos.rig import Rig
from tests.chaos.scenario import Expected, Outcome, Scenario
from tests.chaos.watch import percentile, services_watched, watching

#: Seconds for a posting, which takes about a thousandth of a second otherwise.
_SLOW = 0.1
#: Bytes a queue may hold here: a few batches, so that it is full soon.
_QUEUE_BYTES = 100_000
_P99, _MEMORY_SHARE = 0.3, 0.6


@dataclass
class _Seen:
    """The most there was of everything at one time."""

    memory: int = 0
    queued: int = 0
    unsent: int = 0
    answers: dict[str, float] = field(default_factory=dict)


def slow_consumer(rig: Rig) -> Outcome:
    """Slow the enricher under a run that is larger than its queue, then let it go on at its own speed."""
    count, seconds = (20_000, 1200.0) if rig.long else (1_000, 20.0)
    seen = _Seen()
    with sample_of(rig, count, seed=15), _bounded_queues(rig):
        rig.reset()
        begun = time.monotonic()
        with built_with(rig, {"enricher": {"slow": _SLOW}}):
            run = rig.start_run()
            _observe(rig, seconds, seen)
            left = rig.running(run)
        rig.ended(run, 300)
        rig.timed(begun, 1)
        rig.check([run], Expected(logged=SAID))
    _judge(rig, seen, left)
    return rig.outcome


def _observe(rig: Rig, seconds: float, seen: _Seen) -> None:
    urls = {n: u for n, u in services_watched(rig, "/healthz").items() if n.startswith("gateway")}
    with watching(urls, every=0.05) as watch:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            seen.memory = max(seen.memory, _resident(rig.node.pid))
            seen.unsent = max(seen.unsent, rig.unsent())
            seen.queued = max(seen.queued, rig.queues()[f"{rig.namespace}.enricher.postings"].ready)
            time.sleep(0.5)
    seen.answers = {name: percentile(watch.of(name), 0.99) for name in urls}


def _judge(rig: Rig, seen: _Seen, left: bool) -> None:
    share = seen.memory / MEMORY_LIMIT
    answers = ", ".join(f"{name} {value * 1000:.0f} ms" for name, value in seen.answers.items())
    rig.outcome.notes.append(
        f"enricher at 1 %: broker's memory at most {share:.0%} of its limit, {seen.queued} batches in the queue and "
        f"{seen.unsent} messages in outboxes at most; 99 % of answers within: {answers}"
    )
    if share > _MEMORY_SHARE:
        rig.outcome.findings.append(f"the broker's memory reached {share:.0%} of its limit")
    if not left:
        rig.outcome.findings.append("the run was over before the enricher went on at its own speed: nothing was slow")
    if not seen.unsent:
        rig.outcome.findings.append("nothing ever waited in an outbox: the queue's limit was not reached")
    for name, value in seen.answers.items():
        if value > _P99:
            rig.outcome.findings.append(f"99 % of answers of {name} within {value * 1000:.0f} ms only")


@contextmanager
def _bounded_queues(rig: Rig) -> Iterator[None]:
    """Within, the policies of production hold, with a bound that is reached here."""
    policies = Topology(rig.namespace, ()).policies()
    for policy in policies:
        definition = json.dumps(policy["definition"] | {"max-length-bytes": _QUEUE_BYTES})
        options = ["--apply-to", policy["apply-to"], "--priority", str(policy["priority"])]
        rig.node.control("set_policy", *options, policy["name"], policy["pattern"], definition)
    try:
        yield
    finally:
        for policy in policies:
            rig.node.control("clear_policy", policy["name"])


def _resident(pid: int) -> int:
    """Bytes of memory that a process really has (Linux)."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))) * 1024


SCENARIOS = (Scenario("slow-consumer", "the enricher at a hundredth of its speed", slow_consumer),)
