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
