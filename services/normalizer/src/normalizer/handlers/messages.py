"""What all messages of postings share: how much fits into one, and how their employers are called."""

from collections.abc import Iterator, Sequence

import msgspec

from common.contracts import Posting
from sources.companies.names import CompanyNames

#: Postings and characters of text in one message; a body may not exceed 32 MB.
_MOST_POSTINGS, _MOST_CHARACTERS = 100, 4 * 1024 * 1024


def with_companies(postings: Sequence[Posting], names: CompanyNames) -> list[Posting]:
    """With the key of the employer that each names."""
    return [msgspec.structs.replace(p, company_key=names.key(p.company, p.company_url)) for p in postings]


def in_messages(postings: Sequence[Posting]) -> Iterator[list[Posting]]:
    """Cut into lists that fit into a message each."""
    message: list[Posting] = []
    room = _MOST_CHARACTERS
    for posting in postings:
        room -= len(posting.description_text)
        if message and (room < 0 or len(message) == _MOST_POSTINGS):
            yield message
            message, room = [], _MOST_CHARACTERS - len(posting.description_text)
        message.append(posting)
    if message:
        yield message
