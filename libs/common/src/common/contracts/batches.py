"""Events that carry a batch of postings, each of which stands alone: taken apart and put together again."""

from collections.abc import Sequence
from typing import Any, TypeVar

import msgspec

from common.contracts.events import Event, PostingsCollected, PostingsEnriched, PostingsNormalized
from common.contracts.posting import Job, Posting

E = TypeVar("E", bound=Event)

_LISTS: dict[type[Event], str] = {
    PostingsCollected: "items",
    PostingsNormalized: "postings",
    PostingsEnriched: "jobs",
}


def is_batch(event: Event) -> bool:
    """Whether postings can be taken out of this event one by one."""
    return type(event) in _LISTS


def postings_in(event: Event) -> list[Any]:
    """The postings of a batch; KeyError for any other event."""
    postings: list[Any] = getattr(event, _LISTS[type(event)])
    return postings


def with_postings(event: E, postings: Sequence[Any]) -> E:
    """The same batch with other postings."""
    return msgspec.structs.replace(event, **{_LISTS[type(event)]: list(postings)})


def posting_from_json(event: Event, item: Any) -> Any:
    """A posting of this kind of batch from its JSON value, as quarantine keeps it; msgspec.ValidationError if wrong."""
    field = next(f for f in msgspec.structs.fields(type(event)) if f.name == _LISTS[type(event)])
    (read,) = msgspec.convert([item], field.type)
    return read


def is_open(posting: Any) -> bool:
    """Whether the books still wait for this posting's outcome: any raw item, and what is new or changed."""
    return not isinstance(posting, Posting | Job) or posting.outcome is not None
