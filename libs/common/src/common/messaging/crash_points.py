"""Named places at which a process kills itself when told to, so that tests hit every window of a transaction."""

import os
import signal
from typing import Literal

CrashPoint = Literal[
    "after_receive",
    "after_note",
    "before_commit",
    "after_commit_before_publish",
    "after_publish_before_mark",
    "after_mark_before_ack",
    "relay_after_publish_before_commit",
    "ledger_before_commit",
    "ledger_after_commit_before_publish",
    "ledger_before_ack",
    "release_before_commit",
    "released_before_commit",
    "released_after_commit_before_publish",
    "archive_after_put",
    "webhook_after_send_before_record",
]
#: The place, and after a colon the pass at which it happens (default: the first); unset outside of tests. Several,
#: separated by commas, are for one worker of a service after the other (see `common.web.standby`).
VARIABLE = "CRASH_AT"

_lives = os.environ.get(VARIABLE, "").split(",")
_name, _left = "", 0


def next_life() -> None:
    """The process that is forked next dies at the next of the places, or at none if there are no more."""
    global _name, _left  # noqa: PLW0603 - one process dies once
    _name, _, count = (_lives.pop(0) if _lives else "").partition(":")
    _left = int(count or 1)


next_life()


def crash_point(name: CrashPoint) -> None:
    """Die here as by `kill -9` if CRASH_AT names this place and enough passes have gone by."""
    global _left  # noqa: PLW0603 - one process dies once
    if name == _name:
        _left -= 1
        if _left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
