"""What can be set for each source, from the environment: JSEARCH_API_KEY, GREENHOUSE_BASE_URL and so on."""

import os
from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator

from sources.errors import SourceRejectedError
from sources.quota import Quota, read_quotas

#: What the environment cannot change: it belongs to how the source works.
_OF_THE_SOURCE = {"needs", "credentials", "respect_robots"}


def variable_of(source: str, name: str) -> str:
    """The environment variable of a source's setting or credential, such as JSEARCH_API_KEY."""
    return f"{source}_{name}".upper()


class SourceSettings(BaseModel):
    """Where a source lives and how it is to be treated; the defaults of a source are in its module.

    `base_url` may hold `{board}` and the like, filled in for each request. `needs` names the credentials that the
    source asks for: `api_key` of jsearch is read from JSEARCH_API_KEY. `quotas` are what the provider allows
    (ADZUNA_QUOTAS="25/minute 250/day", or none). `requests_per_minute` and `concurrency` hold for each host.
    `respect_robots`: it reads pages made for people, and robots.txt says which.
    Times in seconds. `max_retry_after` is the longest wait that the client sits out itself; a longer one is handed to
    the caller. `timeout` bounds one whole attempt, so that a slow drip ends too. `contact` (a URL or an address, for
    all sources by POSTHORN_CONTACT) goes into the user agent, so that a board's operator can reach who reads it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    base_url: str = ""
    needs: tuple[str, ...] = ()
    credentials: dict[str, SecretStr] = {}
    quotas: tuple[Quota, ...] = ()
    requests_per_minute: float = Field(default=60, gt=0)
    concurrency: int = Field(default=4, ge=1)
    connect_timeout: float = Field(default=5, gt=0)
    timeout: float = Field(default=30, gt=0)
    attempts: int = Field(default=4, ge=1)
    backoff: float = Field(default=0.5, ge=0)
    max_backoff: float = Field(default=15, ge=0)
    max_retry_after: float = Field(default=20, ge=0)
    max_response_bytes: int = Field(default=64 * 1024 * 1024, gt=0)
    contact: str = ""
    respect_robots: bool = False

    @field_validator("quotas", mode="before")
    @classmethod
    def _written(cls, value: object) -> object:
        return read_quotas(value) if isinstance(value, str) else value


def source_settings(
    name: str, defaults: SourceSettings, environment: Mapping[str, str] | None = None
) -> SourceSettings:
    """The defaults of a source overlaid by variables such as JSEARCH_TIMEOUT; SourceRejectedError names a bad one."""
    environment = os.environ if environment is None else environment
    variables = {f: variable_of(name, f) for f in SourceSettings.model_fields if f not in _OF_THE_SOURCE}
    given = {field: environment[variable] for field, variable in variables.items() if environment.get(variable)}
    given.setdefault("contact", environment.get("POSTHORN_CONTACT", defaults.contact))
    secrets = {need: environment.get(variable_of(name, need)) for need in defaults.needs}
    try:
        return SourceSettings.model_validate(
            {**defaults.model_dump(), **given, "credentials": {k: v for k, v in secrets.items() if v}}
        )
    except ValidationError as error:
        faults = "; ".join(f"{variables[str(e['loc'][0])]}: {e['msg']}" for e in error.errors(include_input=False))
        raise SourceRejectedError("settings_invalid", faults) from None
