"""Prometheus metrics of the ranker."""

from prometheus_client import Counter, Gauge

PAIRS = Counter(
    "posthorn_ranker_pairs_total", "Pairs of job and campaign scored, by stage (rank: new jobs, rerank).", ["stage"]
)
CAMPAIGNS = Gauge("posthorn_ranker_active_campaigns", "Active campaigns at the last batch of jobs.")
