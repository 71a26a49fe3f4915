"""Keyset pages: an opaque cursor names the last row seen, so that pages neither skip nor repeat."""

import base64
import binascii
from datetime import datetime
from typing import Annotated, Generic, TypeVar

from fastapi import Query
from pydantic import AfterValidator, BaseModel, Field

from common.web.problems import ProblemError

T = TypeVar("T")


class Page(BaseModel, Generic[T]):
    """One page of a list."""

    items: list[T]
    next_cursor: str | None = Field(None, description="Pass as `cursor` for the next page; null on the last.")


def _no_nul(value: str) -> str:
    if "\x00" in value:
        raise ValueError("must not contain NUL")
    return value


Searched = Annotated[str, AfterValidator(_no_nul), Query(max_length=200)]
Cursor = Annotated[str | None, Query(max_length=300, description="`next_cursor` of the page before.")]


def write_cursor(*parts: object) -> str:
    """A cursor of values without line breaks."""
    return base64.urlsafe_b64encode("\n".join(str(p) for p in parts).encode()).decode().rstrip("=")


def read_cursor(cursor: str) -> tuple[str, str]:
    """The two values of a cursor; problem details where it was not made here."""
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        first, second = text.split("\n")
    except (binascii.Error, ValueError) as error:
        raise bad_cursor() from error
    return first, second


def read_moment(cursor: str) -> tuple[datetime, str]:
    """The two values of a cursor that begins with a time."""
    moment, last = read_cursor(cursor)
    try:
        read = datetime.fromisoformat(moment)
    except ValueError as error:
        raise bad_cursor() from error
    if read.tzinfo is None:
        raise bad_cursor()
    return read, last


def bad_cursor() -> ProblemError:
    """A cursor that was not made here."""
    return ProblemError(422, "The cursor is not valid", "Use next_cursor of the page before, or leave it out.")
