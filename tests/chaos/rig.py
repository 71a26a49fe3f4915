"""Runs scenarios on the product: a known start, a fault in the middle of runs, and the oracle at the end."""

import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.chaos.evidence import Clean, collect, quarantine_counts, reset
from tests.chaos.oracle import judge
from tests.chaos.product import SERVICES, Product
from tests.chaos.scenario import WORKER_DIED, Expected, Outcome
from tests.chaos.workload import Workload

__all__ = ["SERVICES", "Fault", "Rig"]

#: Called in the main thread with the rig and the id of the run to disturb.
Fault = Callable[["Rig", str], None]


@dataclass
class Rig(Product):
    """A product with a workload, and what the end of undisturbed runs of it looks like (`clean`, part by part)."""

    work: Workload = field(default_factory=lambda: Workload((), ""))
    seed: int = 0
    long: bool = False
    campaign: str = ""
    clean: list[Clean] = field(default_factory=list)
    _before: int = 0
    _log_marks: dict[Path, int] = field(default_factory=dict)

    def begin(self, name: str) -> None:
        """Make a new outcome and the scenario's own random numbers, which do not depend on the others."""
        self.outcome = Outcome(name, self.seed)
        self.random = Random(f"{self.seed} {name}")

    def run_and_check(
        self, fault: Fault | None, *, runs: int = 1, expected: Expected | None = None, seconds: float = 240,
        share: float = 0.2,
    ) -> Outcome:  # fmt: skip
        """Start clean, make `runs` runs one after the other with the fault in the middle of each, and judge the end.

        The fault is called when `share` of a run's units has finished, and has ended before the run's end is awaited
        for up to `seconds`.
        """
        self.reset()
        begun, ids = time.monotonic(), []
        for part in range(runs):
            self._before = self.finished_units()
            ids.append(self.start_run(part))
            if fault is not None:
                self.mid_run(ids[-1], share)
                fault(self, ids[-1])
            if not self.ended(ids[-1], seconds):
                break
        self.timed(begun, len(ids))
        return self.check(ids, expected)

    def start_run(self, part: int = 0) -> str:
        """Start a run of a part of the workload; a gateway that is away is asked again, with the same run id."""
        run_id = f"chaos-{part}-{secrets.token_hex(4)}"
        body = {"sources": list(self.work.parts[part]), "run_id": run_id}
        path = f"/campaigns/{self.campaign}/runs"
        self.poll(lambda: bool(self.client.call("POST", path, json=body)), 60, "a run accepted")
        return run_id

    def mid_run(self, run_id: str, share: float = 0.2) -> None:
        """Wait until this share of the units of a clean run has finished, or the run has ended."""
        part = int(run_id.split("-")[1])
        wanted = self._before + self.clean[part].units * share
        self.poll(lambda: self.finished_units() >= wanted or not self.running(run_id), 60, "mid-run")

    def ended(self, run_id: str, seconds: float = 240) -> bool:
        """Wait for the end of the run; not to end in time is a finding."""
        return self.poll(lambda: self.state(run_id) == "completed", seconds, f"the end of run {run_id}") is not None

    def timed(self, begun: float, runs: int) -> None:
        """Add the time since `begun` to the outcome, and beside it the time of that many clean runs."""
        self.outcome.seconds += time.monotonic() - begun
        self.outcome.clean_seconds += sum(clean.seconds for clean in self.clean[:runs])

    def check(self, runs: list[str], expected: Expected | None = None) -> Outcome:
        """Let everything come to rest, compare with the clean runs of the same parts, add findings to the outcome."""
        wanted = expected or Expected()
        self.settle(len(runs) if wanted.webhooks else 0, workers_died=WORKER_DIED in wanted.logged)
        self.outcome.findings += judge(collect(self, runs, self.new_log_lines()), self.clean[len(runs) - 1], wanted)
        if self.outcome.findings:
            self.repair()
        return self.outcome

    def settle(self, webhooks: int, seconds: float = 90, *, workers_died: bool = False) -> None:
        """Wait until outboxes and queues are empty and the webhooks have arrived; what does not is for the oracle.

        Where workers have died, leases of webhooks run out now and not a minute later.
        """

        def rest() -> bool:
            if workers_died:
                self.stack.rows("UPDATE notifier.delivery SET leased_until = now() WHERE state = 'sending'")
            return self.at_rest(webhooks)

        self.poll(rest, seconds, "rest", finding=False)

    def at_rest(self, webhooks: int) -> bool:
        """Whether nothing is on its way any more."""
        pending = self.stack.rows(
            "SELECT 1 FROM notifier.delivery WHERE state IN ('pending', 'sending') "
            "UNION ALL SELECT 1 FROM normalizer.posting WHERE look_at <= now()"
        )
        # A service killed last may still be starting: its queues have no consumer yet.
        waiting = any(state.ready or (state.stage and not state.consumers) for state in self.queues().values())
        if self.unsent() or pending or waiting:
            return False
        arrived = {received.headers["webhook-id"] for received in list(self.hook.received)}
        noted = sum(self.counts("inflight").values())
        return len(arrived) >= webhooks and not noted and self.journal.quiet_for(0.5)

    def reset(self) -> None:
        """Forget all runs, postings and webhooks; campaign and endpoint stay."""
        reset(self.stack)
        self.journal.clear()
        self.hook.received.clear()
        self._log_marks = {path: path.stat().st_size for path in self.logs()}

    def repair(self) -> None:
        """After a finding: new processes and empty queues, so that the next scenario is not blamed."""
        self.processes.stop()
        self.processes.running.clear()
        kills = self.outcome.kills.copy()
        self.postgres.start()
        self.wipe_broker()
        self.outcome.kills = kills
        for service in SERVICES:
            self.start(service)
        self.processes.wait_ready()

    def new_log_lines(self) -> Iterator[tuple[str, str]]:
        """Service and line of everything logged since the scenario began."""
        for path in self.logs():
            with path.open(errors="replace") as log:
                log.seek(self._log_marks.get(path, 0))
                for line in log:
                    yield path.stem, line

    def measure_clean(self, parts: int) -> None:
        """Make the first runs undisturbed and keep what the end looks like after each."""
        self.reset()
        for part in range(parts):
            begun, before = time.monotonic(), self.finished_units()
            run_id = self.start_run(part)
            if not self.ended(run_id):
                raise RuntimeError(f"an undisturbed run does not end: {self.outcome.findings}")
            seconds = time.monotonic() - begun
            self.settle(part + 1)
            books = self.ask(f"/runs/{run_id}")["books"]
            fetched = [*(self.clean[-1].fetched if self.clean else []), books["fetched"]]
            units = self.finished_units() - before
            quarantined, rows = quarantine_counts(self.stack), self.stack.business()
            self.clean.append(Clean(self.stack.digest(), quarantined, fetched, units, seconds, rows))
