"""Settings of the enricher."""

from pydantic import Field

from common.settings import ServiceSettings


class Settings(ServiceSettings):
    """The common settings and the enricher's own."""

    port: int = Field(8083, description="Port the HTTP server listens on; 0 picks a free one.")
