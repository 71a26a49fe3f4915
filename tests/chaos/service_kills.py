"""kill -9 of our own processes: at every named crash point, at random, and while relays have much to send."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tests.chaos.rig import SERVICES, Rig
from tests.chaos.scenario import WORKER_DIED, Expected, Outcome, Scenario

_UNIT = (
    "after_receive", "after_note", "before_commit", "after_commit_before_publish",
    # Only now it has something to send: what the crash before has left.
    "relay_after_publish_before_commit",
    "after_publish_before_mark", "after_mark_before_ack",
)  # fmt: skip
#: Where each service can be made to die, in the order in which the suite does it.
POINTS: dict[str, tuple[str, ...]] = dict.fromkeys(SERVICES, _UNIT) | {
    "extractor": (*_UNIT, "archive_after_put"),
    "gateway": (
        *_UNIT, "ledger_before_commit", "ledger_after_commit_before_publish", "ledger_before_ack",
        "release_before_commit", "released_before_commit", "released_after_commit_before_publish",
    ),
    "notifier": (*_UNIT, "webhook_after_send_before_record"),
}  # fmt: skip
_ROUNDS = 12
_KILLED = Expected(logged=(WORKER_DIED,))


@dataclass
class Chain:
    """Makes the workers of each service die at one crash point after the other: who stands by starts the next."""

    rig: Rig
    points: Mapping[str, Sequence[str]]
    _since: dict[str, int] = field(default_factory=dict)

    def variables(self, service: str) -> dict[str, str]:
        """What sends the workers of the service that starts now to their crash points, each to one."""
        self._since[service] = len(self.rig.log_of(service))
        return {"CRASH_AT": ",".join(self._place(service, point) for point in self.points[service])}

    def hit(self) -> list[str]:
        """The crash points at which workers have died so far."""
        return [
            f"{service} {point}"
            for service, since in self._since.items()
            for point in self.points[service][: self.rig.died(service, since)]
        ]

    def left(self) -> list[str]:
        """The others."""
        hit = self.hit()
        every = [f"{service} {point}" for service, points in self.points.items() for point in points]
        return [name for name in every if name not in hit]

    def count(self) -> None:
        """Add those who died to the kills of the scenario."""
        self.rig.outcome.kills.update(name.partition(" ")[0] for name in self.hit())

    def _place(self, service: str, point: str) -> str:
        # The notifier has one unit a run, which is released once, and a crash leaves the relay one batch.
        once = service == "notifier" or point.startswith(("relay_", "released"))
        return f"{point}:{1 if once else self.rig.random.randint(1, 2)}"


def crash_points(rig: Rig) -> Outcome:
    """Every window between two steps of a transaction, in every service; runs are repeated until all were hit."""
    chain = Chain(rig, POINTS)
    rig.restart(environment=chain.variables)
    for _ in range(_ROUNDS):
        rig.run_and_check(None, runs=3, seconds=600, expected=_KILLED)
        if not rig.outcome.passed or not chain.left():
            break
    chain.count()
    rig.outcome.findings += [f"never came to a crash point: {name}" for name in chain.left()]
    rig.outcome.notes.append(f"{len(chain.hit())} of {sum(map(len, POINTS.values()))} crash points hit")
    if not rig.outcome.passed:
        rig.outcome.notes.append(f"hit before: {', '.join(chain.hit())}")
    rig.restart()
    return rig.outcome


def one_crash_point(rig: Rig) -> Outcome:
    """Each crash point of each service in a run of its own, which tells them apart."""
    for service, points in POINTS.items():
        for point in points:
            before = "after_commit_before_publish" if point.startswith("relay") else None
            chain = Chain(rig, {service: [p for p in (before, point) if p]})
            rig.restart((service,), chain.variables)
            rig.run_and_check(None, expected=_KILLED)
            chain.count()
            rig.outcome.notes += [f"never came in its run to {name}" for name in chain.left()]
            rig.restart((service,))
            if not rig.outcome.passed:
                rig.outcome.notes.append(f"at {service} {point}")
                return rig.outcome
    return rig.outcome


def random_kills(rig: Rig) -> Outcome:
    """Kill whatever comes up, again and again, in the middle of runs."""
    wanted = 200 if rig.long else 30
    while rig.outcome.passed and sum(rig.outcome.kills.values()) < wanted:
        rig.run_and_check(lambda rig, run: _kill_at_random(rig, run, wanted), runs=3, expected=_KILLED)
    return rig.outcome


def _kill_at_random(rig: Rig, run: str, wanted: int) -> None:
    """Of three, one with who stands by for it: then everything has to start anew."""
    for _ in range(12):
        if sum(rig.outcome.kills.values()) >= wanted or not rig.running(run):
            return
        service = rig.random.choice(SERVICES)
        if rig.random.random() < 2 / 3:
            rig.kill_worker(service)
        else:
            rig.kill(service)
            rig.start(service)
        time.sleep(rig.random.uniform(0.1, 1.5))
    rig.progresses(run)


def relay_backlog(rig: Rig) -> Outcome:
    """The broker goes while work is being done; services and relays die over what is left in the outboxes."""
    return rig.run_and_check(_backlog, expected=Expected(logged=("queue_stores_nothing", WORKER_DIED)))


def _backlog(rig: Rig, run: str) -> None:
    rig.kill_broker()
    rig.poll(lambda: rig.unsent() > 0, 10, "messages left in outboxes")
    waiting = rig.unsent()
    rig.node.start()
    chain = Chain(rig, dict.fromkeys(SERVICES, ("relay_after_publish_before_commit",)))
    for service in SERVICES:
        rig.kill(service)
        rig.start(service, **chain.variables(service))
    rig.poll(lambda: rig.unsent() == 0 and bool(chain.hit()), 120, "the outboxes sent by relays that die over it")
    chain.count()
    died = sorted(name.partition(" ")[0] for name in chain.hit())
    rig.outcome.notes.append(f"{waiting} messages waited in outboxes; relays killed in mid-send: {died}")
    for service in set(SERVICES) - set(died):
        rig.kill(service)
        rig.start(service)
    rig.progresses(run)


SCENARIOS = (
    Scenario("crash-points", "every service killed at every named crash point", crash_points),
    Scenario("one-crash-point", "the same, each in a run of its own", one_crash_point, slow=True),
    Scenario("random-kills", "random services killed in mid-run", random_kills),
    Scenario("relay-backlog", "relays killed over full outboxes", relay_backlog),
)
