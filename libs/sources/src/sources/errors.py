"""How a source says that it is away, that it refuses, or that what it sent cannot be read."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sources.client import FetchedPage


class SourceError(Exception):
    """Base: `reason` is a short snake_case code for accounting, `detail` says in words what happened and what to do."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail


class SourceUnavailableError(SourceError):
    """Transient: the same request may succeed after `delay` seconds (None: the source named no time)."""

    def __init__(self, reason: str, detail: str = "", delay: float | None = None) -> None:
        super().__init__(reason, detail)
        self.delay = delay


class SourceRejectedError(SourceError):
    """Permanent: the same request will be refused again until somebody changes something."""


class PagePayloadError(SourceError):
    """The answer is no page of this source: an HTML page, cut off JSON, an error object, a wrong type."""


class MappingError(SourceError):
    """One item cannot be read as a posting; the others of its page are not concerned."""


class NotModifiedError(SourceError):
    """The page is what it was the last time; `page` is the answer that says so, without payload."""

    def __init__(self, page: "FetchedPage") -> None:
        super().__init__("not_modified", "the page is the same as the last time")
        self.page = page
