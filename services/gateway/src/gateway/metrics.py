"""Prometheus metrics of the gateway."""

from prometheus_client import Counter

LEDGER_EVENTS = Counter("posthorn_ledger_events_total", "unit.finished events applied to the ledger.")
RUNS_ENDED = Counter("posthorn_runs_ended_total", "Runs that were completed, cancelled or timed out here.")
SCHEDULED_STARTS = Counter("posthorn_scheduled_starts_total", "Runs started by the schedule.")
