"""Prometheus metrics that every service has."""

from prometheus_client import Counter, Gauge, Histogram

UNIT_SECONDS = Histogram(
    "posthorn_unit_duration_seconds",
    "Time from taking a unit to its acknowledgement, by stage and how it ended.",
    ["stage", "outcome"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
)
POSTINGS = Counter(
    "posthorn_postings_total", "Postings whose outcome was decided, by stage and outcome.", ["stage", "outcome"]
)
RELAYED = Counter("posthorn_outbox_relayed_total", "Messages that the relay had to send after their sender did not.")
QUARANTINED = Counter(
    "posthorn_quarantined_total", "Postings and whole messages set aside, by stage and reason.", ["stage", "reason"]
)
BREAKER_OPEN = Gauge(
    "posthorn_breaker_open", "1 while a stage has stopped because too many of its units failed for good.", ["stage"]
)
TRIALS = Counter(
    "posthorn_trials_total",
    "Units tried in a subprocess because a process died with them, by result.",
    ["stage", "result"],
)
RULES_ACTIVATION = Gauge("posthorn_rules_activation", "Number of the last activation of rules known here.", ["service"])
RULES_REFUSED = Gauge(
    "posthorn_rules_refused",
    "1 while the rules activated last cannot be used here and older ones stay in use.",
    ["service"],
)
