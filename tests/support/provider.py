"""The fake provider with given payloads, for tests."""

from collections.abc import Iterator
from contextlib import contextmanager

from posthorn.fake_provider import app
from posthorn.fake_provider.app import Provider
from posthorn.fake_provider.faults import BROKEN_ITEMS, Fault
from posthorn.fake_provider.saved import Saved
from tests.support.payloads import Payloads

__all__ = ["BROKEN_ITEMS", "Fault", "Provider", "running_provider"]


@contextmanager
def running_provider(payloads: Payloads) -> Iterator[Provider]:
    """A provider of these payloads, and of 100 generated postings a board of every source without any."""
    boards = {"greenhouse": payloads.greenhouse, "lever": payloads.lever, "jsearch": {"": payloads.jsearch}}
    given = {
        source: {board: Saved(items) for board, items in found.items()}
        for source, found in boards.items()
        if any(found.values())
    }
    with app.running_provider(Provider(given)) as provider:
        yield provider
