"""Prometheus metrics of the extractor."""

from prometheus_client import Counter, Gauge

PAGES = Counter(
    "extractor_pages_total", "Pages by source and how they ended: fetched, reused (by a repetition), replayed, failed.",
    ["source", "outcome"],
)  # fmt: skip
EMPTY_PAGES = Counter(
    "extractor_source_empty_pages_total", "First pages that were empty where there was something the last time.",
    ["source"],
)  # fmt: skip
COMPANIES = Counter(
    "extractor_companies_looked_up_total", "Attempts to look a company up: success, not_found, error, pending (again).",
    ["status"],
)  # fmt: skip
ARCHIVED_BYTES = Counter("extractor_archived_bytes_total", "Compressed bytes put into the archive.", ["source"])
SWEPT_BYTES = Counter("extractor_swept_bytes_total", "Bytes of archived pages removed because their time was over.")
REQUESTS = Counter(
    "extractor_requests_total", "Requests to sources by class of their answer: 2xx, 3xx, 4xx, 429, 5xx, none.",
    ["source", "status"],
)  # fmt: skip
SOURCE_STATE = Gauge(
    "extractor_source_state", "1 for the state that a source is in: ok, degraded, broken, paused.", ["source", "state"]
)
VANISHED_FIELDS = Gauge(
    "extractor_source_vanished_fields", "Fields that a source's items used to have and do not have any more.",
    ["source"],
)  # fmt: skip
QUOTA_USED = Gauge("extractor_quota_used_ratio", "Share of a source's quota that is used, 0 to 1.", ["source", "per"])
