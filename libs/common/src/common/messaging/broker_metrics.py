"""Prometheus metrics of both brokers."""

from prometheus_client import Counter, Gauge

PUBLISHES = Counter(
    "posthorn_broker_publishes_total",
    "Messages published, by result: confirmed, returned (no queue takes it), failed (nothing known).",
    ["result"],
)
DELIVERIES = Counter(
    "posthorn_broker_deliveries_total",
    "Deliveries that ended, by queue and result: acked, retried, dead, released, foreign.",
    ["queue", "result"],
)
RECONNECTS = Counter(
    "posthorn_broker_reconnects_total", "Connections to the broker lost and opened again, by purpose.", ["connection"]
)
CONSUMING = Gauge(
    "posthorn_broker_consuming", "Subscriptions of this process that the broker is delivering to.", ["queue"]
)
