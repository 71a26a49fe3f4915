"""How many requests a source allows in a minute, an hour, a day, a week, a month."""

from datetime import timedelta
from typing import Literal, get_args

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

    def __str__(self) -> str:
        return f"{self.requests}/{self.per}"


def read_quotas(text: str) -> list[dict[str, object]]:
    """Quotas as a variable holds them: `25/minute 250/day`, or `none`; ValueError says what is wrong."""
    if text.strip().lower() == "none":
        return []
    found = (part.partition("/") for part in text.replace(",", " ").split())
    quotas = [(number, per.strip().lower()) for number, _, per in found]
    if faults := [f"{n}/{per}" for n, per in quotas if not n.isdecimal() or per not in get_args(Window)]:
        raise ValueError(
            f"{', '.join(faults)}: write quotas like 25/minute 250/day, with {', '.join(get_args(Window))}"
        )
    return [{"requests": int(number), "per": per} for number, per in quotas]
