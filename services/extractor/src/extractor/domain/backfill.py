"""Past days as sources can be asked for them."""

from datetime import UTC, date
from typing import Any

from common.contracts import DateWindow, Days
from sources.adapter import SourceAdapter
from sources.errors import MappingError

#: Windows that searches know, with the days that they reach back, today counted.
_WINDOWS: tuple[tuple[int, DateWindow], ...] = ((1, "today"), (3, "3days"), (7, "week"), (30, "month"))


def window_back_to(first: date, today: date) -> DateWindow:
    """The shortest window that holds all days from `first` to `today`; `all` where none reaches so far."""
    days = (today - first).days + 1
    return next((window for reach, window in _WINDOWS if days <= reach), "all")


def posted_within(adapter: SourceAdapter, feed: str, items: list[Any], days: Days) -> list[Any]:
    """The items posted on these days (UTC), and those that do not say when or cannot be mapped: they are judged later.

    Searches reach back to a day at best, and no search ends on one.
    """
    return [item for item in items if _fits(adapter, feed, item, days)]


def _fits(adapter: SourceAdapter, feed: str, item: Any, days: Days) -> bool:
    try:
        posted = adapter.map_to_common(item, feed).posted_at
    except MappingError:
        return True
    return posted is None or days.first <= posted.astimezone(UTC).date() <= days.last
