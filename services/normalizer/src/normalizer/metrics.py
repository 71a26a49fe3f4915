"""Prometheus metrics of the normalizer."""

from prometheus_client import Counter

POSTINGS = Counter(
    "posthorn_normalizer_postings_total",
    "Items of collected pages by what became of them and, where they were turned away, why.",
    ["outcome", "reason"],
)
COMPANIES = Counter(
    "posthorn_normalizer_companies_total", "Companies by what became of a provider's answer.", ["outcome"]
)
WARNINGS = Counter(
    "posthorn_normalizer_quality_warnings_total",
    "Postings kept although they broke a data-quality rule, and pages that broke one, by reason.",
    ["reason"],
)
CLOSED = Counter(
    "posthorn_postings_closed_total",
    "Postings that nobody can apply to any more: missing (from whole reads of a feed that showed them), expired.",
    ["source", "reason"],
)
SWEEPS_HELD = Counter(
    "posthorn_sweeps_held_total",
    "Whole reads of feeds in which so much was missing that the source is rather thought to be broken.",
    ["source"],
)
