"""Settings of the extractor; those of a source (JSEARCH_API_KEY, …) are in `sources.settings`."""

from pathlib import Path

from pydantic import Field

from common.settings import ServiceSettings
from extractor.domain.retention import KEEP_DAYS, TIER_DAYS


class Settings(ServiceSettings):
    """The common settings and the extractor's own."""

    port: int = Field(8081, description="Port the HTTP server listens on; 0 picks a free one.")
    archive_url: str = Field(
        default_factory=lambda: Path("archive").absolute().as_uri(),
        description="Where pages are archived: file:///folder or s3://bucket[/prefix] (credentials from AWS_*).",
    )
    archive_retention_days: int = Field(
        KEEP_DAYS, ge=1, description="Days that archived pages are kept; the terms of a source may ask for less."
    )
    archive_tier_days: int = Field(
        TIER_DAYS, ge=0, description="Days until a bucket moves pages to Glacier Instant Retrieval; 0: never."
    )
    bronze_prefix: str = Field("bronze", description="First part of every key in the archive.")
    fetch_concurrency: int = Field(4, ge=1, description="Pages read at the same time by this process.")
    broken_after: int = Field(
        5, ge=1, description="Pages of a source that fail in a row until it is left alone for a while."
    )
