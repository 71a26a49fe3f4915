"""Under which conditions a source lets itself be read: what must be shown, how long it may be kept, what for."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Terms:
    """Conditions of use as data, carried to whoever shows a posting.

    `attribution` is the text that must stand beside each posting and `attribution_url` where it leads; None: nothing is
    asked for. `retention_days`: how long raw pages and postings may be kept; None: the archive's own limit.
    `allowed_use` and `good_for` are sentences for docs/sources.md; `url` is where the terms stand.
    """

    allowed_use: str = "not stated"
    attribution: str | None = None
    attribution_url: str | None = None
    retention_days: int | None = None
    url: str | None = None
    good_for: str = ""
