"""Past days as sources can be asked for them."""

from datetime import date

from common.contracts import DateWindow

#: Windows that searches know, with the days that they reach back, today counted.
_WINDOWS: tuple[tuple[int, DateWindow], ...] = ((1, "today"), (3, "3days"), (7, "week"), (30, "month"))


def window_back_to(first: date, today: date) -> DateWindow:
    """The shortest window that holds all days from `first` to `today`; `all` where none reaches so far."""
    days = (today - first).days + 1
    return next((window for reach, window in _WINDOWS if days <= reach), "all")
