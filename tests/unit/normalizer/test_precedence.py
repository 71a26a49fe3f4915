"""Which sighting is shown is decided by the sightings alone."""

import itertools
from datetime import UTC, datetime

import pytest
import yaml

from common.settings import config_path
from normalizer.domain.merge import Member
from normalizer.domain.precedence import precedence_from
from normalizer.errors import InvalidRulesError

SEEN = datetime(2026, 11, 20, tzinfo=UTC)


def member(source: str, id_: str, *, blank: bool = False) -> Member:
    return Member(source, id_, "0" * 32, "0" * 32, blank, "", SEEN, SEEN, None, None, None)


BEST_FIRST = [
    member("greenhouse", "1"), member("lever", "0"), member("lever", "1"), member("jsearch", "0"),
    member("unheard_of", "0"), member("files", "0"), member("greenhouse", "0", blank=True),
]  # fmt: skip


def test_employers_before_aggregators_before_exports_and_blank_ones_last_in_any_order() -> None:
    order = precedence_from(yaml.safe_load(config_path("sources.yml").read_text()))
    worst_first = BEST_FIRST[::-1]
    assert sorted(worst_first, key=order.rank) == BEST_FIRST
    for some in itertools.permutations(BEST_FIRST[:3]):
        assert order.best(some) is BEST_FIRST[0]
    assert order.best([]) is None


@pytest.mark.parametrize("data", [{}, {"precedence": [["a"], ["a"]], "others": 1}, {"precedence": [], "others": "x"}])
def test_an_order_that_cannot_be_used_is_refused(data: dict[str, object]) -> None:
    with pytest.raises(InvalidRulesError):
        precedence_from(data)
