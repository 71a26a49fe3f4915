"""The table of points grows with new values and forgets when it is full, without changing a score."""

from datetime import timedelta

import pytest

from ranker.domain import rows
from ranker.domain.batch import batch_of
from ranker.domain.facts import Facts, Spot
from ranker.domain.vectors import CampaignVectors
from tests.support.ranking import AS_OF, as_json, judges, wish

JOBS = [
    Facts(title="Data Engineer", day=AS_OF - timedelta(days=n % 100), places=(Spot(f"Town {n}", None, "ca"),))
    for n in range(600)
]


@pytest.mark.parametrize("most_bytes", [32 * 1024 * 1024, 1])
def test_many_new_values_are_ranked_as_few_are(monkeypatch: pytest.MonkeyPatch, most_bytes: int) -> None:
    monkeypatch.setattr(rows, "_MOST_BYTES", most_bytes)
    wishes = [wish(location="Town 7"), wish(location="Town 599", country="us")]
    expected = [CampaignVectors(wishes, judges()).rankings(batch_of([job], judges())) for job in JOBS[::60]]
    vectors = CampaignVectors(wishes, judges())
    found = [vectors.rankings(batch_of(JOBS[i : i + 50], judges())) for i in range(0, 600, 50)]
    again = [vectors.rankings(batch_of([job], judges())) for job in JOBS[::60]]
    assert as_json(again) == as_json(expected)
    assert found[0][0].scores[7] > found[0][0].scores[8]
    assert (vectors._table._used < 300) == (most_bytes == 1)
