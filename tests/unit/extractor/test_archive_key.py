"""Bronze keys: the layout of REQUIREMENTS §0, safe and unambiguous for any run id and feed."""

import string
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extractor.domain.archive_key import archive_key

AT = datetime(2025, 8, 19, 16, 15, 30, tzinfo=UTC)


def test_the_layout() -> None:
    key = archive_key("bronze", "usajobs", "", AT, "20250819T161530Z", 1)
    assert key == "bronze/usajobs/date=2025/08/19/run=20250819T161530Z/page=0001.json.gz"


def test_a_feed_has_a_folder_of_its_own() -> None:
    key = archive_key("a/b/", "greenhouse", "acme", AT, "local-test", 12)
    assert key == "a/b/greenhouse/acme/date=2025/08/19/run=local-test/page=0012.json.gz"


def test_the_date_is_that_of_utc() -> None:
    late = datetime(2025, 8, 19, 22, 0, tzinfo=timezone(timedelta(hours=-4)))
    assert "/date=2025/08/20/" in archive_key("bronze", "x", "", late, "r", 1)


def test_the_second_reader_of_a_feed_has_another_key() -> None:
    keys = {archive_key("bronze", "x", "", AT, "r", 1, unit) for unit in (None, "fetch:1", "fetch:2")}
    assert len(keys) == 3


def test_pages_count_from_one() -> None:
    with pytest.raises(ValueError, match="count from 1"):
        archive_key("bronze", "x", "", AT, "r", 0)


@given(st.text(min_size=1, max_size=400), st.text(max_size=400))
def test_any_run_id_and_feed_stay_inside_their_segment(run_id: str, feed: str) -> None:
    key = archive_key("bronze", "x", feed, AT, run_id, 1)
    segments = key.split("/")
    assert len(segments) == 7 + bool(feed)
    assert all(0 < len(s) <= 170 and s not in {".", ".."} for s in segments)
    assert set(key) <= set(string.ascii_letters + string.digits + "-_.~=,+@%/")


@given(st.text(min_size=1, max_size=300), st.text(min_size=1, max_size=300))
def test_two_run_ids_never_share_a_key(one: str, other: str) -> None:
    assert (archive_key("b", "x", "", AT, one, 1) == archive_key("b", "x", "", AT, other, 1)) == (one == other)
