"""What a process was reading when it died, in memory that it shares with who stands by: that is tried, not its like."""

import contextlib
import mmap
import os
import struct
import uuid
from collections.abc import Iterator, Sequence

from common.contracts import Headers
from common.messaging import inflight

#: Process, unit, positions of the first posting and behind the last; all zero while nothing is read.
_RECORD = struct.Struct("=16sqII")
_page = mmap.mmap(-1, _RECORD.size)
_left = bytes(_RECORD.size)


def take_over() -> None:
    """Keep what the process before us left on the page, which is ours from now on."""
    global _left  # noqa: PLW0603 - another process
    _left = _page[:]


os.register_at_fork(after_in_child=take_over)


@contextlib.contextmanager
def reading(headers: Headers, first: int, end: int) -> Iterator[None]:
    """Within, which must not await, one of these postings of the unit is what ends the process if anything does."""
    _page[:] = _RECORD.pack(inflight.PROCESS.bytes, _unit(headers), first, end)
    try:
        yield
    finally:
        _page[:] = bytes(_RECORD.size)


def suspects(holder: uuid.UUID | None, headers: Headers, count: int) -> Sequence[int]:
    """Which of `count` postings may have ended the process that held the unit: some, none, or any as far as we know."""
    process, unit, first, end = _RECORD.unpack(_left)
    if holder is None or process != holder.bytes:
        return range(count)
    if unit != _unit(headers):
        return ()
    return range(first, end) if first < end <= count else range(count)


def _unit(headers: Headers) -> int:
    """The same in all forks of a process."""
    return hash((headers.run_id, headers.unit_id))
