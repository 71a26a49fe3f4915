"""Company sizes fall into bins, summaries are short, offsets survive any script."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enricher.domain.enrich import Enricher
from enricher.domain.summary import LONGEST, summarize
from enricher.domain.text import Text
from tests.support.enrichment import posting


@pytest.mark.parametrize(
    ("stated", "size"),
    [
        ("51-200", "51-200"),
        ("51 to 200 employees", "51-200"),
        ("10001+", "10001+"),
        ("10,000+ employees", "10001+"),
        ("1K-5K", "1001-5000"),
        ("7", "1-10"),
        ("Startup", "11-50"),
        ("unknown", None),
        ("", None),
        (None, None),
    ],
)
def test_company_sizes(enricher: Enricher, stated: str | None, size: str | None) -> None:
    assert enricher.read(posting(company_size=stated)).company_size == size


def test_a_summary_is_two_sentences() -> None:
    assert summarize("One here. Two there. Three nowhere. Four.") == "One here. Two there."
    assert summarize("  Just\n\nthis  ") == "Just this"
    assert summarize("") == ""


@given(st.text(max_size=2000))
def test_a_summary_is_never_long(body: str) -> None:
    assert len(summarize(body)) <= LONGEST + 1


@given(st.text(max_size=80), st.text(max_size=80), st.text(max_size=80))
def test_spans_count_characters(title: str, before: str, after: str) -> None:
    text = Text(title, f"{before}NEEDLE{after}")
    start = text.raw.index(b"NEEDLE", text.body_start)
    where, first, last, words = text.span(start, start + 6)
    assert (where, words) == ("description", "NEEDLE")
    assert (before + "NEEDLE" + after)[first:last] == "NEEDLE"


def test_spans_may_be_asked_for_in_any_order() -> None:
    text = Text("é", "ü one é two")
    two, one = text.raw.index(b"two"), text.raw.index(b"one")
    assert [text.span(at, at + 3)[1] for at in (two, one, two)] == [8, 2, 8]
