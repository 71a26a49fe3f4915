"""What a process was reading when it died, in memory that it shares with who stands by: that is tried, not its like."""

import contextlib
import mmap
import os
import struct
import uuid
from collections.abc import Iterator, Sequence

from common.contracts import Headers
from common.messaging import inflight

#: Process, unit, position of the posting; all zero while nothing is read.
_RECORD = struct.Struct("=16sqI")
_page = mmap.mmap(-1, _RECORD.size)
_left = bytes(_RECORD.size)


def take_over() -> None:
    """Keep what the process before us left on the page, which is ours from now on."""
    global _left  # noqa: PLW0603 - another process
    _left = _page[:]


os.register_at_fork(after_in_child=take_over)


@contextlib.contextmanager
def reading(headers: Headers, position: int) -> Iterator[None]:
    """Within, which must not await, this posting of the unit is the one that ends the process if any does."""
    _page[:] = _RECORD.pack(inflight.PROCESS.bytes, _unit(headers), position)
    try:
        yield
    finally:
        _page[:] = bytes(_RECORD.size)


def suspects(holder: uuid.UUID | None, headers: Headers, count: int) -> Sequence[int]:
    """Which of `count` postings may have ended the process that held the unit: one, none, or any as far as we know."""
    process, unit, position = _RECORD.unpack(_left)
    if holder is None or process != holder.bytes:
        return range(count)
    if unit != _unit(headers):
        return ()
    return (position,) if position < count else range(count)


def _unit(headers: Headers) -> int:
    """The same in all forks of a process."""
    return hash((headers.run_id, headers.unit_id))
