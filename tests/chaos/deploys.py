"""Deploys: one that fails everything and is taken back, and rolling restarts of all services under load."""

import re
import signal
import subprocess
import time

import httpx

from tests.chaos.other_builds import built_with, sample_of
from tests.chaos.rig import SERVICES, Rig
from tests.chaos.scenario import Outcome, Scenario
from tests.chaos.watch import NO_ANSWER, services_watched, watching

#: Units that may fail before the breaker stops the stage, and a few that are under way at that moment.
_MOST_QUARANTINED = 50 + 2
_ALARM_SECONDS, _EXIT_SECONDS = 60.0, 25.0
#: uvicorn ends by the signal that it was asked with, once it has finished.
_WELL = (0, -signal.SIGTERM)
_OPEN = re.compile(r'^posthorn_breaker_open\{stage="enrich"\} 1', re.MULTILINE)


def bad_deploy(rig: Rig) -> Outcome:
    """An enricher that refuses everything stops itself; taken back and replayed, nothing is missing."""
    count = 20_000 if rig.long else 6_000
    with sample_of(rig, count, seed=21):
        rig.reset()
        begun = time.monotonic()
        with built_with(rig, {"enricher": {"broken": True}}):
            run = rig.start_run()
            _breaker_stops(rig)
        rig.ended(run, 300)
        _release(rig, run)
        replayed = _replay(rig)
        rig.timed(begun, 1)
        for each in replayed:
            rig.ended(each)
        rig.settle(0)
        _compare(rig, run)
        if rig.outcome.findings:
            rig.repair()
    return rig.outcome


def _breaker_stops(rig: Rig) -> None:
    url = f"http://127.0.0.1:{rig.processes.ports['enricher']}/metrics"
    opened = lambda: bool(_OPEN.search(httpx.get(url, timeout=5, trust_env=False).text))  # noqa: E731 - read twice, here
    took = rig.poll(opened, _ALARM_SECONDS + 60, "the breaker of the enricher open")
    before = rig.counts("quarantine")["enricher"]
    time.sleep(10 if rig.long else 5)
    after = rig.counts("quarantine")["enricher"]
    rig.outcome.notes.append(f"breaker open {took or float('nan'):.1f} s after the start, {after} units in quarantine")
    if after > before or after > _MOST_QUARANTINED:
        rig.outcome.findings.append(f"{before} units in quarantine when the breaker opened, {after} seconds later")
    if not any("breaker_opened" in line for _, line in rig.new_log_lines()):
        rig.outcome.findings.append("nothing in the log says that the breaker opened")


def _release(rig: Rig, run: str) -> None:
    """The quality gate holds back a run of which most has failed; what it did bring is published by hand."""
    path, books = f"/runs/{run}/quality", rig.client.call("GET", f"/runs/{run}")["books"]
    blocked = rig.client.call("GET", path)["gate"] == "blocked"
    if blocked != (books["failed"] > books["fetched"] / 2):
        rig.outcome.findings.append(f"held back by the quality gate: {blocked}, with these books: {books}")
    if blocked:
        rig.client.call("POST", f"{path}/release", json={"by": "chaos", "reason": "the failed part is replayed"})
        rig.poll(lambda: not rig.client.call("GET", path)["releasing"], 60, "the held results published")


def _replay(rig: Rig) -> list[str]:
    """Replay what the bad build has set aside; the runs that this starts."""
    answer = rig.client.call("POST", "/quarantine/enricher/replay", json={"reason": "bad_deploy"})
    if not answer["runs"]:
        rig.outcome.findings.append(f"nothing is replayed: {answer['detail']}")
    entries = sum(run["entries"] for run in answer["runs"])
    rig.outcome.notes.append(f"{entries} units replayed in {len(answer['runs'])} runs")
    return [str(run["run_id"]) for run in answer["runs"]]


def _compare(rig: Rig, run: str) -> None:
    clean, digest = rig.clean[0], rig.stack.digest()
    rig.outcome.findings += [f"{t} differ from those of a clean run" for t, d in clean.digest.items() if digest[t] != d]
    books = rig.client.call("GET", f"/runs/{run}")["books"]
    if not books["balanced"]:
        rig.outcome.findings.append(f"the books of the run do not balance: {books}")
    if rig.unsent():
        rig.outcome.findings.append(f"{rig.unsent()} messages unsent")


def rolling_restarts(rig: Rig) -> Outcome:
    """SIGTERM to one service after the other while runs go on; nothing may be lost, and each ends in time."""
    wanted = 200 if rig.long else len(SERVICES)
    while rig.outcome.passed and rig.outcome.kills.total() < wanted:
        rig.run_and_check(lambda rig, run: _roll(rig, run, wanted), runs=len(rig.clean) if rig.long else 1, share=0.1)
    return rig.outcome


def _roll(rig: Rig, run: str, wanted: int) -> None:
    watched = {n: u for n, u in services_watched(rig).items() if n == "gateway /jobs"}
    slowest = 0.0
    with watching(watched, every=0.1) as watch:
        for service in SERVICES:
            if rig.outcome.kills.total() >= wanted:
                break
            slowest = max(slowest, _terminate(rig, service))
            rig.start(service)
            rig.processes.wait_ready((service,))
    wrong = [a for a in watch.of("gateway /jobs") if a.status not in (200, 503, NO_ANSWER)]
    rig.outcome.findings += [f"a restarting gateway answered {a.status}" for a in wrong]
    rig.outcome.notes.append(f"{len(SERVICES)} services restarted under run {run}, slowest exit {slowest:.1f} s")


def _terminate(rig: Rig, service: str) -> float:
    process = rig.processes.running.pop(service)
    begun = time.monotonic()
    process.terminate()
    try:
        code = process.wait(_EXIT_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        code = process.wait()
    took = time.monotonic() - begun
    rig.outcome.kills[service] += 1
    if code not in _WELL:
        rig.outcome.findings.append(f"{service} ended with {code} {took:.1f} s after SIGTERM")
    return took


SCENARIOS = (
    Scenario("bad-deploy", "a build of the enricher that fails every unit", bad_deploy),
    Scenario("rolling-restarts", "SIGTERM to every service in turn under load", rolling_restarts),
)
