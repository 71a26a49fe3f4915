"""A service whose wall clock is ten minutes off: nothing times out early, nothing comes in another order."""

from tests.chaos.clock import ClockUnavailableError, shifted
from tests.chaos.rig import SERVICES, Rig
from tests.chaos.scenario import Outcome, Scenario
from tests.support.data import REPOSITORY

_OFF = 600
#: Less than the clock is off: a deadline read against another clock than the one it was set by ends runs at once.
_DEADLINE = "PT5M"


def wrong_clocks(rig: Rig) -> Outcome:
    """Services live ten minutes ahead or behind: one after the other in the long suite, three at once in the short."""
    for off in _choices(rig):
        try:
            clocks = {service: shifted(seconds, REPOSITORY / ".cache" / "faketime") for service, seconds in off.items()}
        except ClockUnavailableError as error:
            rig.outcome.notes.append(f"not run: {error}")
            break
        words = ", ".join(f"{service} {seconds:+d} s" for service, seconds in off.items())
        with rig.services_with(tuple(off), lambda service: clocks[service], RUN_DEADLINE=_DEADLINE):  # noqa: B023 - called within
            rig.run_and_check(None)
        _check_deliveries(rig, words)
        if not rig.outcome.passed:
            rig.outcome.findings.append(f"with these clocks off: {words}")
            break
    return rig.outcome


def _choices(rig: Rig) -> list[dict[str, int]]:
    """All in the long suite; in the short one those who say when things happen, and any other one."""
    if rig.long:
        return [{service: sign * _OFF} for service in SERVICES for sign in (1, -1)]
    other = rig.random.choice([s for s in SERVICES if s not in ("gateway", "notifier")])
    return [{"gateway": -_OFF, "notifier": _OFF, other: rig.random.choice((1, -1)) * _OFF}]


def _check_deliveries(rig: Rig, words: str) -> None:
    """A lease that ran out early would send a webhook twice."""
    sent = len(rig.hook.received)
    if sent != 1:
        rig.outcome.findings.append(f"{sent} webhooks were sent for one run")
    if rig.outcome.passed:
        rig.outcome.notes.append(f"{words}: everything as in a clean run, one webhook")


SCENARIOS = (Scenario("wrong-clocks", "clocks of services ten minutes off", wrong_clocks),)
