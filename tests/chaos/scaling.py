"""More copies of services: the same result, whoever comes and goes, and what they bring on this machine."""

import os
import time

from benchmarks.processes import usage
from tests.chaos.rig import Rig
from tests.chaos.scenario import Outcome, Scenario

PIPELINE = ("extractor", "normalizer", "enricher", "ranker", "gateway")


def copies(rig: Rig) -> Outcome:
    """1, 2 and in the long suite 4 of each: how fast they are left alone, then with some killed, stopped, added."""
    for count in (1, 2, 4) if rig.long else (1, 2):
        _add(rig, count)
        rig.run_and_check(lambda rig, run, count=count: _measure(rig, run, count), share=0)  # type: ignore[misc]  # mypy cannot infer a default's type
        if count > 1 and rig.outcome.passed:
            rig.run_and_check(_shuffle, runs=3)
        _remove_copies(rig)
        if not rig.outcome.passed:
            break
    return rig.outcome


def _shuffle(rig: Rig, run: str) -> None:
    """One copy dies and stays away, one is stopped, one comes."""
    extra = sorted(name for name in rig.processes.running if "." in name)
    if len(extra) > 1:
        dying, leaving = rig.random.sample(extra, 2)
        rig.kill(dying)
        del rig.processes.running[dying]
        rig.processes.remove(leaving)
    service = rig.random.choice(PIPELINE)
    coming = f"{service}.{100 + len(rig.processes.ports)}"
    rig.start(coming)
    rig.progresses(run)


def two_schedulers(rig: Rig) -> Outcome:
    """Two gateways look at the same schedule: each slot starts one run."""
    names = ("gateway.2", "gateway.3")
    for name in names:
        rig.start(name)
    rig.processes.wait_ready(names)
    rig.reset()
    fields = {
        "campaign_name": "scheduled",
        "schedule_cron": "0 4 * * *",
        "schedule_time_zone": "UTC",
        "sources": list(rig.work.parts[1]),
    }
    campaign = rig.stack.campaign(**fields)
    slots = 3
    for slot in range(1, slots + 1):
        # A slot of its own for each, days ago: whoever looks first starts it.
        due = f"date_trunc('day', now(), 'UTC') - interval '{slot} days 20 hours'"
        rig.stack.rows(f"UPDATE gateway.campaign SET next_run_at = {due} WHERE campaign_id = '{campaign}'")  # noqa: S608 - our own id
        rig.poll(lambda slot=slot: _runs_of(rig, campaign) >= slot, 30, f"slot {slot} started")  # type: ignore[misc]  # mypy cannot infer a default's type
    time.sleep(6)  # every scheduler looks once more
    started = _runs_of(rig, campaign)
    if started != slots:
        rig.outcome.findings.append(f"{slots} slots started {started} runs with three schedulers")
    for (run,) in rig.stack.rows(f"SELECT run_id FROM gateway.run WHERE {_slots_of(campaign)}"):  # noqa: S608 - our own id
        rig.ended(run)
    rig.settle(slots)
    rig.stack.client.call("DELETE", f"/campaigns/{campaign}")
    _remove_copies(rig)
    rig.outcome.notes.append(f"{slots} slots, three gateways, {started} runs")
    return rig.outcome


def _runs_of(rig: Rig, campaign: str) -> int:
    return int(rig.stack.rows(f"SELECT count(*) FROM gateway.run WHERE {_slots_of(campaign)}")[0][0])  # noqa: S608 - our own id


def _slots_of(campaign: str) -> str:
    """A new campaign is also ranked, which is a run, too."""
    return f"campaign_id = '{campaign}' AND trigger = 'schedule'"


def _measure(rig: Rig, run: str, count: int) -> None:
    """Note postings a second and CPU: what more copies can bring is bounded by the cores there are."""
    pids = [process.pid for process in rig.processes.running.values()] + [rig.node.pid, rig.postgres.pid]
    before = sum(usage(pid).cpu for pid in pids)
    rig.ended(run)
    cpu = sum(usage(pid).cpu for pid in pids) - before
    sql = f"SELECT extract(epoch FROM completed_at - requested_at) FROM gateway.run WHERE run_id = '{run}'"  # noqa: S608 - our own id
    seconds = float(rig.stack.rows(sql)[0][0])
    rig.outcome.notes.append(
        f"{count} of each service: {rig.clean[0].fetched[0] / seconds:.0f} postings/s, {cpu:.1f} CPU seconds in "
        f"{seconds:.1f} s on {os.cpu_count()} cores (the suite itself and its neighbours take their share)"
    )


def _add(rig: Rig, count: int) -> None:
    """Further copies until there are `count` of each service of the pipeline."""
    names = [f"{service}.{number}" for service in PIPELINE for number in range(2, count + 1)]
    for name in names:
        rig.start(name)
    if names:
        rig.processes.wait_ready(tuple(names))


def _remove_copies(rig: Rig) -> None:
    """Stop all copies, also those that came meanwhile."""
    for name in [name for name in rig.processes.running if "." in name]:
        rig.processes.running[name].terminate()
    for name in [name for name in rig.processes.running if "." in name]:
        rig.processes.remove(name)


SCENARIOS = (
    Scenario("copies", "1, 2 and (long suite) 4 copies of each service, coming and going", copies),
    Scenario("two-schedulers", "three gateways, one schedule", two_schedulers),
)
