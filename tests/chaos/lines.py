"""Broken lines to RabbitMQ and PostgreSQL: cut, half closed, slow, or swallowing everything one way or both ways."""

import time
from collections.abc import Callable

import sqlalchemy as sa

from tests.chaos.freezes import SAID
from tests.chaos.proxy import BLACK_HOLE, DEAF, MUTE, REFUSING, TRICKLE, Line, Proxy, proxy
from tests.chaos.rig import Rig
from tests.chaos.scenario import Expected, Outcome, Scenario

#: Seconds that a line is bad, in the short and in the long suite: longer than any await may take, or a minute.
SHORT, LONG = 12.0, 60.0

Trouble = Callable[[Proxy, float], None]


def _cut(line: Proxy, _: float) -> None:
    for _ in range(5):
        line.cut()
        time.sleep(0.7)


def _half_close(line: Proxy, _: float) -> None:
    for _ in range(3):
        line.half_close()
        time.sleep(1.0)


def _refuse(line: Proxy, seconds: float) -> None:
    with line.being(REFUSING):
        line.cut()
        time.sleep(seconds / 2)


def _being(bad: Line) -> Trouble:
    def trouble(line: Proxy, seconds: float) -> None:
        with line.being(bad):
            time.sleep(seconds)

    return trouble


TROUBLES: dict[str, Trouble] = {
    "cut": _cut, "half-close": _half_close, "refuse": _refuse, "black hole": _being(BLACK_HOLE),
    "server hears nothing": _being(DEAF), "server says nothing": _being(MUTE),
    "delay of 0.3 s": _being(Line(delay=0.3)), "trickle": _being(TRICKLE),
}  # fmt: skip
#: What the short suite has time for.
_SHORT = ("cut", "half-close", "black hole", "server says nothing")


def broker_line(rig: Rig) -> Outcome:
    """Disturb the line between all services and RabbitMQ."""
    port = sa.make_url(rig.node.url).port or 0
    with proxy(port) as line, rig.through(broker_port=line.port):
        return _all(rig, line, "RabbitMQ")


def database_line(rig: Rig) -> Outcome:
    """Disturb the line between all services and PostgreSQL."""
    port = sa.make_url(rig.postgres.url).port or 0
    with proxy(port) as line, rig.through(database_port=line.port):
        return _all(rig, line, "PostgreSQL")


def _all(rig: Rig, line: Proxy, server: str) -> Outcome:
    for name in TROUBLES if rig.long else _SHORT:
        rig.run_and_check(lambda rig, run, name=name: _disturb(rig, run, line, name), expected=Expected(logged=SAID))  # type: ignore[misc]  # the name as it is now
        if not rig.outcome.passed:
            rig.outcome.findings.append(f"after the trouble {name!r} on the line to {server}")
            break
    return rig.outcome


def _disturb(rig: Rig, run: str, line: Proxy, name: str) -> None:
    TROUBLES[name](line, LONG if rig.long else SHORT)
    begun = time.monotonic()
    rig.progresses(run)
    rig.consumers_back()
    rig.outcome.notes.append(
        f"{name}: a unit finished and all consumers were there {time.monotonic() - begun:.1f} s after"
    )


SCENARIOS = (
    Scenario("line-to-broker", "the line to RabbitMQ cut, half closed, deaf, mute or slow", broker_line),
    Scenario("line-to-database", "the line to PostgreSQL cut, half closed, deaf, mute or slow", database_line),
)
