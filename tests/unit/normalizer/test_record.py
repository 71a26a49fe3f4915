"""The digest of a record moves when the posting says something else, and only then."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from common.contracts import Attribution, OfferedPay, Place
from normalizer.domain.record import Record, content_hash, posting
from sources.registry import adapters

RECORD = Record(
    hash_key="0" * 32, source="lever", source_job_id="1", title="T", company="C", url="https://x.example/1?id=2",
    description_html="<p>d</p>", description_text="d", places=[Place(text="Rome", latitude=1.5), Place(text="Oslo")],
    employment_types=["A", "B"], tags=["x", "y"], pay=OfferedPay(minimum=Decimal("10.00")),
    posted_at=datetime(2026, 11, 1, 9, tzinfo=UTC),
)  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [
        {"title": "U"}, {"description_html": "<p>e</p>"}, {"url": "https://x.example/1?id=3"}, {"remote": "remote"},
        {"places": [Place(text="Rome")]}, {"pay": OfferedPay(minimum=Decimal("10.50"))}, {"tags": ["x"]},
        {"posted_at": datetime(2026, 11, 2, 9, tzinfo=UTC)}, {"apply_url": "https://x.example/apply"},
        {"seniority": "senior"}, {"department": "d"}, {"company_size": "1-10"}, {"language": "de"},
    ],
    ids=str,
)  # fmt: skip
def test_what_a_posting_says_counts(change: dict[str, Any]) -> None:
    assert content_hash(msgspec.structs.replace(RECORD, **change)) != content_hash(RECORD)


@pytest.mark.parametrize(
    "change",
    [
        {"url": "https://x.example/1?utm_source=a&id=2&utm_medium=b"},
        {"places": [Place(text="Oslo"), Place(text="Rome", latitude=1.6)]},
        {"employment_types": ["B", "A"]}, {"tags": ["y", "x"]}, {"valid_through": datetime(2027, 1, 1, tzinfo=UTC)},
        {"posted_at": datetime(2026, 11, 1, 23, tzinfo=UTC)}, {"warnings": ["company_missing"]},
    ],
    ids=str,
)  # fmt: skip
def test_what_moves_by_itself_does_not(change: dict[str, Any]) -> None:
    assert content_hash(msgspec.structs.replace(RECORD, **change)) == content_hash(RECORD)


def test_the_digest_is_the_same_on_every_machine() -> None:
    assert content_hash(RECORD) == "68b1637dad693d9033552e073a639761"


def test_a_posting_carries_the_attribution_of_the_source_whose_words_it_shows() -> None:
    asked = {name: adapter.terms for name, adapter in adapters().items() if adapter.terms.attribution}
    for name, terms in asked.items():
        sent = posting(msgspec.structs.replace(RECORD, source=name), 1, "new")
        assert sent.attribution == Attribution(text=terms.attribution or "", url=terms.attribution_url)
    assert "remotive" in asked
    for name in ("files", "gone"):
        assert posting(msgspec.structs.replace(RECORD, source=name), 1, "new").attribution is None
