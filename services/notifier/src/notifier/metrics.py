"""Prometheus metrics of the notifier."""

from prometheus_client import Counter, Histogram

ATTEMPTS = Counter(
    "notifier_webhook_attempts_total", "Attempts to deliver a webhook, by the state that followed.", ["state"]
)
SECONDS = Histogram(
    "notifier_webhook_attempt_duration_seconds", "Time from connecting to the answer of an endpoint.",
    buckets=(0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20),
)  # fmt: skip
DISABLED = Counter("notifier_endpoints_disabled_total", "Endpoints that were disabled, by reason.", ["reason"])
