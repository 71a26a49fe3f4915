"""Every case of our own labelled set is read as labelled."""

from typing import Any

import pytest

from enricher.domain.enrich import Enricher
from tests.quality.own_set import cases, wrong

CASES = cases()


def test_there_are_hundreds_of_cases() -> None:
    assert len(CASES) >= 300


@pytest.mark.parametrize("case", CASES, ids=[f"{c['file']}-{n}" for n, c in enumerate(CASES)])
def test_a_posting_says_what_its_label_says(enricher: Enricher, case: dict[str, Any]) -> None:
    assert wrong(enricher, case) == []
