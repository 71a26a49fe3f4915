"""How many requests a source allows in a minute, a day, a week, a month."""

from datetime import timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Window = Literal["minute", "hour", "day", "week", "month"]
#: A month counts 30 days: the strictest reading that never lasts longer than the provider's.
LENGTHS: dict[Window, timedelta] = {
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(days=7),
    "month": timedelta(days=30),
}


class Quota(BaseModel):
    """At most `requests` in any window of this length (rolling)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    requests: int = Field(gt=0)
    per: Window
