"""A campaign: what one user searches for, and from which sources."""

from datetime import date
from typing import Any, Literal

from common.contracts.frozen import Contract
from common.contracts.posting import EmploymentType, RemoteType, Seniority

DateWindow = Literal["all", "today", "3days", "week", "month"]


class SourceQuery(Contract, frozen=True, kw_only=True):
    """A source to read, with its own parameters (a board name, a path) and a cap on pages."""

    source: str
    params: dict[str, Any] = {}
    max_pages: int = 50

    @property
    def feed(self) -> str:
        """The part of the source that is read, such as a board: stable text made of the parameters."""
        return ",".join(f"{k}={self.params[k]}" for k in sorted(self.params))


class Days(Contract, frozen=True, kw_only=True):
    """Days from `first` to `last`, both included."""

    first: date
    last: date


class Campaign(Contract, frozen=True, kw_only=True):
    """A search profile in full. `version` grows with every change; lists hold alternatives, empty = no preference.

    `min_salary` and `max_salary` are yearly whole units of `currency`; `weights` overrides the points of factors.
    """

    campaign_id: str
    version: int
    campaign_name: str
    query: str
    country: str
    date_window: DateWindow = "month"
    location: str | None = None
    skills: list[str] = []
    min_salary: int | None = None
    max_salary: int | None = None
    currency: str | None = None
    remote_preference: list[RemoteType] = []
    seniority: list[Seniority] = []
    company_size_preference: list[str] = []
    employment_type_preference: list[EmploymentType] = []
    ranking_preset: str = "default"
    weights: dict[str, float] = {}
    sources: list[SourceQuery] = []
    is_active: bool = True
    deleted: bool = False
