"""What is said of a page that failed, and what to do about it."""

import pytest

from extractor.domain.advice import advised
from sources.errors import SourceRejectedError, SourceUnavailableError


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("http_404", "`posthorn source add`"),
        ("http_503", "`posthorn source show lever`"),
        ("rate_limited", "LEVER_REQUESTS_PER_MINUTE"),
        ("quota_exhausted", "LEVER_QUOTAS"),
        ("page_is_html", "bot check"),
        ("page_has_no_items", "`posthorn replay --source lever`"),
        ("response_too_large", "LEVER_MAX_RESPONSE_BYTES"),
    ],
)
def test_a_failure_says_what_to_do(reason: str, told: str) -> None:
    said = advised("lever", SourceUnavailableError(reason, "it went wrong"))
    assert said.startswith(f"{reason}: it went wrong; ")
    assert told in said
    assert "{" not in said


def test_words_that_say_it_themselves_are_left_alone() -> None:
    error = SourceRejectedError("credential_missing", "set JSEARCH_API_KEY: jsearch needs it")
    assert advised("jsearch", error) == str(error)
