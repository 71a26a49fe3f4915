"""kill -9 of our own processes: at every named crash point, at random, and while relays have much to send."""

import time
from dataclasses import dataclass, field

from tests.chaos.rig import SERVICES, Rig
from tests.chaos.scenario import Expected, Outcome, Scenario

_UNIT = (
    "after_receive", "after_note", "before_commit", "after_commit_before_publish",
    # Only now it has something to send: what the crash before has left.
    "relay_after_publish_before_commit",
    "after_publish_before_mark", "after_mark_before_ack",
)  # fmt: skip
#: Where each service can be made to die, in the order in which the suite does it.
POINTS: dict[str, tuple[str, ...]] = dict.fromkeys(SERVICES, _UNIT) | {
    "extractor": (*_UNIT, "archive_after_put"),
    "gateway": (*_UNIT, "ledger_before_commit", "ledger_after_commit_before_publish", "ledger_before_ack"),
    "notifier": (*_UNIT, "webhook_after_send_before_record"),
}
_ROUNDS = 12


@dataclass
class Chain:
    """Makes each service die at one crash point after the other: who has died is started with the next."""

    rig: Rig
    left: dict[str, list[str]]
    hit: list[str] = field(default_factory=list)

    def variables(self, service: str) -> dict[str, str]:
        """What sends the service to its next crash point; nothing when there is none left."""
        if not self.left[service]:
            return {}
        point = self.left[service][0]
        # The notifier has one unit a run, and a crash leaves the relay one batch.
        once = service == "notifier" or point.startswith("relay")
        return {"CRASH_AT": f"{point}:{1 if once else self.rig.random.randint(1, 2)}"}

    def start(self, service: str) -> None:
        """Start the service on its way to its next crash point."""
        self.rig.processes.start(service, environment=self.variables(service))

    def step(self) -> None:
        """Start again whatever has died at its crash point."""
        for service in self.rig.processes.dead():
            self.rig.outcome.kills[service] += 1
            if self.left[service]:
                self.hit.append(f"{service} {self.left[service].pop(0)}")
            self.start(service)


def crash_points(rig: Rig) -> Outcome:
    """Every window between two steps of a transaction, in every service; runs are repeated until all were hit."""
    chain = Chain(rig, {service: list(points) for service, points in POINTS.items()})
    rig.restart(environment=chain.variables)
    with rig.tended(chain.step):
        for _ in range(_ROUNDS):
            rig.run_and_check(None, runs=3, seconds=600)
            if not rig.outcome.passed or not any(chain.left.values()):
                break
    for service, points in chain.left.items():
        rig.outcome.findings += [f"{service} never came to the crash point {point}" for point in points]
    rig.outcome.notes.append(f"{len(chain.hit)} of {sum(map(len, POINTS.values()))} crash points hit")
    if not rig.outcome.passed:
        rig.outcome.notes.append(f"hit before: {', '.join(chain.hit)}")
    rig.restart()
    return rig.outcome


def one_crash_point(rig: Rig) -> Outcome:
    """Each crash point of each service in a run of its own, which tells them apart."""
    for service, points in POINTS.items():
        for point in points:
            before = "after_commit_before_publish" if point.startswith("relay") else None
            chain = Chain(rig, {name: [] for name in SERVICES} | {service: [p for p in (before, point) if p]})
            rig.restart((service,), chain.variables)
            with rig.tended(chain.step):
                rig.run_and_check(None)
            if chain.left[service]:
                rig.outcome.notes.append(f"{service} did not come to {point} in its run")
                rig.restart((service,))
            if not rig.outcome.passed:
                rig.outcome.notes.append(f"at {service} {point}")
                return rig.outcome
    return rig.outcome


def random_kills(rig: Rig) -> Outcome:
    """Kill whatever comes up, again and again, in the middle of runs."""
    wanted = 200 if rig.long else 30
    while rig.outcome.passed and sum(rig.outcome.kills.values()) < wanted:
        rig.run_and_check(lambda rig, run: _kill_at_random(rig, run, wanted), runs=3)
    return rig.outcome


def _kill_at_random(rig: Rig, run: str, wanted: int) -> None:
    for _ in range(12):
        if sum(rig.outcome.kills.values()) >= wanted or not rig.running(run):
            return
        service = rig.random.choice(SERVICES)
        rig.kill(service)
        rig.start(service)
        time.sleep(rig.random.uniform(0.1, 1.5))
    rig.progresses(run)


def relay_backlog(rig: Rig) -> Outcome:
    """The broker goes while work is being done; services and relays die over what is left in the outboxes."""
    return rig.run_and_check(_backlog, expected=Expected(logged=("queue_stores_nothing",)))


def _backlog(rig: Rig, run: str) -> None:
    rig.kill_broker()
    rig.poll(lambda: rig.unsent() > 0, 10, "messages left in outboxes")
    waiting = rig.unsent()
    rig.node.start()
    for service in SERVICES:
        rig.kill(service)
        rig.start(service, CRASH_AT="relay_after_publish_before_commit")
    died: set[str] = set()

    def revive() -> None:
        for service in rig.processes.dead():
            died.add(service)
            rig.outcome.kills[service] += 1
            rig.start(service)

    with rig.tended(revive):
        rig.poll(lambda: rig.unsent() == 0 and bool(died), 120, "the outboxes sent by relays that die over it")
    rig.outcome.notes.append(f"{waiting} messages waited in outboxes; relays killed in mid-send: {sorted(died)}")
    for service in set(SERVICES) - died:
        rig.kill(service)
        rig.start(service)
    rig.progresses(run)


SCENARIOS = (
    Scenario("crash-points", "every service killed at every named crash point", crash_points),
    Scenario("one-crash-point", "the same, each in a run of its own", one_crash_point, slow=True),
    Scenario("random-kills", "random services killed in mid-run", random_kills),
    Scenario("relay-backlog", "relays killed over full outboxes", relay_backlog),
)
