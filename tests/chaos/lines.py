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
#: What the short suite has time for, on the line to each server; the long one does everything on both.
_SHORT = {
    "RabbitMQ": ("cut", "black hole", "delay of 0.3 s"),
    "PostgreSQL": ("half-close", "server says nothing"),
}


def lines(rig: Rig) -> Outcome:
    """Disturb the lines between all services and one server, then those to the other."""
    to_broker, to_database = (sa.make_url(url).port or 0 for url in (rig.node.url, rig.postgres.url))
    with (
        proxy(to_broker) as broker,
        proxy(to_database) as database,
        rig.through(broker_port=broker.port, database_port=database.port),
    ):
        for line, server in ((broker, "RabbitMQ"), (database, "PostgreSQL")):
            if rig.outcome.passed:
                _all(rig, line, server)
    return rig.outcome


def _all(rig: Rig, line: Proxy, server: str) -> Outcome:
    for name in TROUBLES if rig.long else _SHORT[server]:
        rig.run_and_check(
            lambda rig, run, name=name: _disturb(rig, run, line, server, name),  # type: ignore[misc]  # as it is now
            expected=Expected(logged=SAID),
        )
        if not rig.outcome.passed:
            rig.outcome.findings.append(f"after the trouble {name!r} on the line to {server}")
            break
    return rig.outcome


def _disturb(rig: Rig, run: str, line: Proxy, server: str, name: str) -> None:
    TROUBLES[name](line, LONG if rig.long else SHORT)
    begun = time.monotonic()
    rig.progresses(run)
    rig.consumers_back()
    rig.outcome.notes.append(
        f"{server}, {name}: a unit finished and all consumers were there {time.monotonic() - begun:.1f} s after"
    )


SCENARIOS = (Scenario("lines", "the lines to RabbitMQ and PostgreSQL cut, half closed, deaf, mute or slow", lines),)
