"""Settings of the notifier."""

from pydantic import Field

from common.settings import ServiceSettings


class Settings(ServiceSettings):
    """The common settings and the notifier's own."""

    port: int = Field(8085, description="Port the HTTP server listens on; 0 picks a free one.")
    gateway_url: str = Field("http://127.0.0.1:8080", description="The gateway's public URL, for links in messages.")
    webhook_allow_private: bool | None = Field(
        None, description="Whether endpoints may have private addresses; unset: in development only."
    )
    webhook_timeout: float = Field(15.0, gt=0, le=30, description="Seconds an endpoint has for its answer.")
    webhook_concurrency: int = Field(32, ge=1, description="Webhooks sent at the same time by this process.")
    webhook_poll_interval: float = Field(1.0, gt=0, description="Seconds between two looks for due deliveries.")

    @property
    def allow_private(self) -> bool:
        """Whether private addresses are allowed in this environment."""
        if self.webhook_allow_private is None:
            return self.environment == "development"
        return self.webhook_allow_private
