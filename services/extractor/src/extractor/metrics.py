"""Prometheus metrics of the extractor."""

from prometheus_client import Counter

PAGES = Counter(
    "extractor_pages_total", "Pages by source and how they ended: fetched, reused (from the archive), failed.",
    ["source", "outcome"],
)  # fmt: skip
EMPTY_PAGES = Counter(
    "extractor_source_empty_pages_total", "First pages that were empty where there was something the last time.",
    ["source"],
)  # fmt: skip
ARCHIVED_BYTES = Counter("extractor_archived_bytes_total", "Compressed bytes put into the archive.", ["source"])
