"""A process that keeps serving as told: each worker says its pid, then waits, ends, or crashes."""

import os
import signal
import sys

from common.web import standby


def _serve() -> None:
    print(os.getpid(), flush=True)  # noqa: T201 - the test reads it
    match sys.argv[1]:
        case "wait":
            signal.pause()
        case "end":
            sys.exit(3)
        case "crash":
            os.kill(os.getpid(), signal.SIGSEGV)


if __name__ == "__main__":
    standby.MOST_SHORT = 3
    standby.keep_serving(_serve)
