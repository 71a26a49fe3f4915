"""Prometheus metrics of the enricher."""

from prometheus_client import Counter

POSTINGS = Counter(
    "posthorn_enricher_postings_total",
    "Postings by how their enrichment came about: read, reused (unchanged content under the same rules) or failed.",
    ["how"],
)
FIELDS = Counter(
    "posthorn_enricher_fields_total", "Postings newly read in which a field was found, by field.", ["field"]
)
