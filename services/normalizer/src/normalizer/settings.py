"""Settings of the normalizer."""

from pydantic import Field

from common.settings import ServiceSettings


class Settings(ServiceSettings):
    """The common settings and the normalizer's own."""

    port: int = Field(8082, description="Port the HTTP server listens on; 0 picks a free one.")
    dq_enforce: bool = Field(True, description="Whether critical data-quality rules reject postings or only report.")
