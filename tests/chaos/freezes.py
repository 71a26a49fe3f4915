"""RabbitMQ or PostgreSQL frozen by SIGSTOP: nobody waits longer than 10 s for them, and afterwards all is as before."""

import time

from common.testing.processes import frozen
from tests.chaos.rig import Rig
from tests.chaos.scenario import Expected, Outcome, Scenario
from tests.chaos.watch import NO_ANSWER, Watch, services_watched, watching

#: Seconds: of a freeze in either suite, and those in which everything has to have happened.
SHORT, LONG = 14.0, 60.0
AWAIT, RATE_BACK = 10.0, 30.0
#: `/healthz` asks nobody, so that only a machine without a free core may delay it.
ALIVE = 1.0
#: What our processes may say as errors while a server is silent; each of them is followed by another attempt.
SAID = ("publish_not_confirmed", "outbox_not_confirmed", "delivery_not_recorded", "ledger_", "queue_stores_nothing")


def freeze_broker(rig: Rig) -> Outcome:
    """Freeze RabbitMQ."""
    return _rounds(rig, "rabbitmq")


def freeze_database(rig: Rig) -> Outcome:
    """Freeze PostgreSQL with all its children."""
    return _rounds(rig, "postgresql")


def _rounds(rig: Rig, server: str) -> Outcome:
    for _ in range(3 if rig.long else 1):
        rig.run_and_check(lambda rig, run: _freeze(rig, run, server), expected=Expected(logged=SAID))
        if not rig.outcome.passed:
            break
    return rig.outcome


def _freeze(rig: Rig, run: str, server: str) -> None:
    pid = rig.node.pid if server == "rabbitmq" else rig.postgres.pid
    with watching(services_watched(rig, "/healthz", "/readyz")) as watch:
        time.sleep(2)  # answers of before
        begun = time.monotonic()
        with frozen(pid):
            time.sleep(LONG if rig.long else SHORT)
        thawed = time.monotonic()
        ready = rig.poll(lambda: _all_ready(watch, thawed), AWAIT, f"every service ready after {server} has thawed")
        rig.recovered(ready)
        left = RATE_BACK + 2 * rig.clean[0].seconds - (time.monotonic() - thawed)
        took = rig.poll(lambda: not rig.running(run), left, f"the run at its normal rate after {server} has thawed")
    rig.outcome.findings += _judged(watch, begun, thawed, server)
    _note(rig, watch, begun, thawed, server, took)


def _all_ready(watch: Watch, since: float) -> bool:
    readiness = [name for name in watch.answers if name.endswith("/readyz")]
    return all((late := watch.of(name, since)) and late[-1].status == 200 for name in readiness)


def _judged(watch: Watch, begun: float, thawed: float, server: str) -> list[str]:
    found = [
        f"{name} took {a.seconds:.1f} s (status {a.status}) while {server} was frozen"
        for name, a in watch.ending("/healthz", begun, thawed)
        if a.status != 200 or a.seconds > ALIVE
    ]
    late = watch.ending("/readyz", begun + AWAIT, thawed)
    found += [f"{name} said {a.status} {a.at - begun:.1f} s into the freeze" for name, a in late if a.status == 200]
    for name, answer in [*watch.ending("/jobs", begun, thawed), *watch.ending("/readyz", begun, thawed)]:
        if answer.seconds > AWAIT or answer.status not in (200, 503):
            said = "nothing" if answer.status == NO_ANSWER else str(answer.status)
            found.append(f"{name} answered {said} after {answer.seconds:.1f} s while {server} was frozen")
        elif name.endswith("/jobs") and answer.status == 503 and not answer.retry_after:
            found.append(f"{name} answered 503 without Retry-After while {server} was frozen")
    return sorted(set(found))[:20]


def _note(rig: Rig, watch: Watch, begun: float, thawed: float, server: str, took: float | None) -> None:
    slowest = max((a.seconds for _, a in watch.ending("/jobs", begun, thawed)), default=0.0)
    alive = max((a.seconds for _, a in watch.ending("/healthz", begun, thawed)), default=0.0)
    unready = [a.at + a.seconds - begun for _, a in watch.ending("/readyz", begun, thawed) if a.status == 503]
    rig.outcome.notes.append(
        f"{server} frozen for {thawed - begun:.0f} s: /healthz within {alive:.2f} s, GET /jobs within {slowest:.1f} s, "
        f"first service unready after {min(unready, default=float('nan')):.1f} s, run over "
        f"{'never' if took is None else f'{took:.1f} s'} after that of readiness"
    )


SCENARIOS = (
    Scenario("freeze-broker", "RabbitMQ frozen (SIGSTOP) in mid-run", freeze_broker),
    Scenario("freeze-database", "PostgreSQL frozen (SIGSTOP) in mid-run", freeze_database),
)
