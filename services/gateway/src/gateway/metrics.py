"""Prometheus metrics of the gateway."""

from prometheus_client import Counter, Gauge

LEDGER_EVENTS = Counter("posthorn_ledger_events_total", "unit.finished events applied to the ledger.")
RUNS_ENDED = Counter("posthorn_runs_ended_total", "Runs that were completed, cancelled or timed out here.")
SCHEDULED_STARTS = Counter("posthorn_scheduled_starts_total", "Runs started by the schedule.")
SLA_MISSED = Counter("posthorn_sla_missed_total", "Scheduled runs not ended, or not started, in time.", ["reason"])
OVERDUE_SLOT = Gauge("posthorn_schedule_overdue_seconds", "Age of the oldest slot that nobody has started; 0: none.")
OLDEST_RUN = Gauge("posthorn_oldest_running_run_seconds", "Age of the oldest run that has not ended; 0: none runs.")
UNITS_PROBED = Counter("posthorn_units_probed_total", "Units asked for because their run stood still.")
UNITS_LOST = Counter("posthorn_units_lost_total", "Units given up because no service knew of them.")
DIFFERENCES = Counter("posthorn_ledger_differences_total", "Runs whose number of open units was wrong.")
QUALITY_RUNS = Counter("posthorn_quality_runs_total", "Runs judged by the quality gate.", ["gate"])
QUALITY_FAILURES = Counter(
    "posthorn_quality_failures_total",
    "Rules on runs that a run, or a source of one, has broken.",
    ["reason", "severity"],
)
QUALITY_BLOCKED = Gauge("posthorn_quality_blocked_runs", "Runs blocked, with batches held for somebody to decide.")
QUALITY_RELEASED = Counter("posthorn_quality_released_batches_total", "Held batches published.")
