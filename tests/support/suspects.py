"""Trials for the suspect lane, at the top of a module so that its subprocess can import them."""

import os
import signal

from common.contracts import PostingsCollected


def dangerous(event: PostingsCollected) -> None:
    """Do what the item's word says."""
    for item in event.items:
        _ACTS[item["word"]]()


def _segfault() -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def _eat_memory() -> None:
    bytearray(1 << 40)


def _loop() -> None:
    while True:
        pass


def _sleep() -> None:
    signal.pause()


def _raise() -> None:
    raise ValueError("the stage meets this one too")


_ACTS = {
    "segfault": _segfault,
    "memory": _eat_memory,
    "loop": _loop,
    "sleep": _sleep,
    "raise": _raise,
    "exit": lambda: os._exit(3),
    "fine": int,
}
