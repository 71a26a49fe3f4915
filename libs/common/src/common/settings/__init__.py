"""Settings from the environment: what every service needs, and where the rules in `config/` lie."""

import os
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

__all__ = ["REPOSITORY", "ServiceSettings", "config_path"]

#: The checkout, where this runs from one.
REPOSITORY = Path(__file__).parents[5]


def config_path(name: str) -> Path:
    """A rules file under POSTHORN_CONFIG (default: the repository's `config/`); FileNotFoundError if absent."""
    path = Path(os.environ.get("POSTHORN_CONFIG") or REPOSITORY / "config") / name
    if not path.exists():
        raise FileNotFoundError(f"no rules file {path}: set POSTHORN_CONFIG to the folder that holds {name}")
    return path


class ServiceSettings(BaseSettings):
    """Settings of one service; each field is an environment variable of the same name in capitals."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True, env_ignore_empty=True)

    environment: Literal["development", "staging", "production"] = Field(
        "development", description="Which environment this is; production refuses unsafe settings."
    )
    database_url: SecretStr = Field(description="PostgreSQL URL with the role of this service.")
    database_pool_size: int = Field(4, ge=1, description="Connections this process keeps at most.")
    amqp_url: SecretStr | None = Field(None, description="RabbitMQ URL; empty: messages are kept in PostgreSQL.")
    namespace: str = Field("posthorn", description="Prefix of exchange and queue names.")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="Lowest level logged.")
    host: str = Field("127.0.0.1", description="Address the HTTP server listens on.")
    port: int = Field(8080, description="Port the HTTP server listens on; 0 picks a free one.")
    concurrency: int = Field(2, ge=1, description="Messages of a queue worked on at the same time.")
    max_attempts: int = Field(5, ge=1, description="Attempts of a unit before it is quarantined.")
    trial_seconds: float = Field(5.0, gt=0, description="Processor time of a posting in the suspect lane.")
    trial_memory_mb: int = Field(2048, ge=256, description="Address space of the suspect lane's subprocess.")
    stall_seconds: float = Field(
        30.0, ge=0, description="Seconds the event loop may be blocked before the process ends itself; 0: never."
    )
    stall_processor_seconds: float = Field(
        10.0, ge=0, description="Processor seconds that a blocked event loop may use until then; 0: any."
    )
    otel_exporter_otlp_endpoint: str | None = Field(None, description="OTLP/HTTP endpoint; empty: no traces are sent.")

    @property
    def broker_url(self) -> str | None:
        """The RabbitMQ URL in clear text, or None for the broker kept in PostgreSQL."""
        return self.amqp_url.get_secret_value() if self.amqp_url else None
