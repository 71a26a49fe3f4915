"""Follows a feed that shows every open posting from its first page to its last."""

from datetime import datetime

from common.contracts import FeedSwept, PageRequested, Sweep
from extractor.domain.envelope import whole_milliseconds


def begun(event: PageRequested, event_id: str, sent_at: datetime) -> Sweep | None:
    """The read that this page belongs to: its first page begins one; None where an earlier page has not.

    In whole milliseconds, as pages are received: none of a read is to be seen before it began.
    """
    return Sweep(sweep_id=event_id, started_at=whole_milliseconds(sent_at)) if event.page == 1 else event.sweep


def with_page(sweep: Sweep, postings: int, *, too_large: int, cut_off: bool) -> Sweep:
    """The read with one page more; `cut_off`: the query does not allow the pages that follow."""
    left_out = "pages_left_out" if cut_off else "item_too_large" if too_large else None
    return Sweep(
        sweep_id=sweep.sweep_id, started_at=sweep.started_at, pages=sweep.pages + 1,
        postings=sweep.postings + postings, left_out=sweep.left_out or left_out,
    )  # fmt: skip


def ended(sweep: Sweep, source: str, feed: str, at: datetime) -> FeedSwept:
    """What is told of a read whose last page was received at `at`."""
    return FeedSwept(
        source=source, feed=feed, sweep_id=sweep.sweep_id, started_at=sweep.started_at, finished_at=at,
        pages=sweep.pages, postings=sweep.postings, left_out=sweep.left_out,
    )  # fmt: skip
