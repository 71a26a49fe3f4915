"""Settings of the gateway."""

import ipaddress
from datetime import timedelta
from typing import Self

from pydantic import Field, SecretStr, model_validator

from common.settings import ServiceSettings


class Settings(ServiceSettings):
    """The common settings and the gateway's own."""

    port: int = Field(8080, description="Port the HTTP server listens on; 0 picks a free one.")
    posthorn_api_key: SecretStr | None = Field(None, description="Key that clients send as X-API-Key.")
    auth_disabled: bool = Field(False, description="Serve without a key; on a loopback address only.")
    extractor_url: str = Field("http://127.0.0.1:8081", description="Where the extractor's REST is.")
    normalizer_url: str = Field("http://127.0.0.1:8082", description="Where the normalizer's REST is.")
    enricher_url: str = Field("http://127.0.0.1:8083", description="Where the enricher's REST is.")
    ranker_url: str = Field("http://127.0.0.1:8084", description="Where the ranker's REST is.")
    notifier_url: str = Field("http://127.0.0.1:8085", description="Where the notifier's REST is.")
    run_deadline: timedelta = Field(timedelta(hours=6), description="A run open longer than this is timed out.")
    probe_after: timedelta = Field(
        timedelta(minutes=2), gt=timedelta(0), description="A run in which nothing has moved for this long is probed."
    )
    sweep_every: timedelta = Field(
        timedelta(minutes=1), gt=timedelta(0), description="How often the open units of running runs are recounted."
    )
    dq_enforce: bool = Field(True, description="Whether critical data-quality rules block runs or only report.")
    scheduler_enabled: bool = Field(True, description="Whether this process starts scheduled runs.")

    @model_validator(mode="after")
    def _safe(self) -> Self:
        if self.posthorn_api_key is None and not self.auth_disabled:
            raise ValueError("set POSTHORN_API_KEY, or AUTH_DISABLED=true on a loopback address")
        if self.auth_disabled and self.environment == "production":
            raise ValueError("AUTH_DISABLED is refused in production: set POSTHORN_API_KEY")
        if self.auth_disabled and not _is_loopback(self.host):
            raise ValueError(f"AUTH_DISABLED with HOST={self.host} would serve strangers: use 127.0.0.1 or a key")
        return self


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
