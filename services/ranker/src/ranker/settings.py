"""Settings of the ranker."""

from pydantic import Field

from common.settings import ServiceSettings


class Settings(ServiceSettings):
    """The common settings and the ranker's own."""

    port: int = Field(8084, description="Port the HTTP server listens on; 0 picks a free one.")
