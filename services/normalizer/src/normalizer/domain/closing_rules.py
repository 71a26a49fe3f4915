"""The rules of `config/closing.yml`, validated."""

from datetime import timedelta
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class _Rules(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class MissingRules(_Rules):
    """After how many whole reads a posting that they do not show is closed, and how far apart they are at least."""

    sweeps: int = Field(gt=0)
    apart_hours: float = Field(ge=0)

    @property
    def apart(self) -> timedelta:
        return timedelta(hours=self.apart_hours)


class DropRules(_Rules):
    """When so much is missing that it is rather the source that is broken, and for how many reads that is thought."""

    share: float = Field(gt=0, le=1)
    least: int = Field(ge=0)
    sweeps: int = Field(gt=0)


class ClosingRules(_Rules):
    """When a posting counts as closed, stale, reposted or evergreen."""

    version: str
    missing: MissingRules
    drop: DropRules
    stale_days: int = Field(gt=0)
    repost_days: int = Field(gt=0)
    evergreen_days: int = Field(gt=0)
    keep_sweeps_days: int = Field(gt=0)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.drop.sweeps < self.missing.sweeps:
            raise ValueError("what looks broken is believed later than what does not: drop.sweeps >= missing.sweeps")
        return self


def closing_rules_from(document: Any) -> ClosingRules:
    """The rules in a parsed YAML document; ValidationError (a ValueError) names what is wrong."""
    return ClosingRules.model_validate(document)
