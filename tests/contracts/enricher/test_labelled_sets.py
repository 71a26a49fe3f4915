"""What enrichment reads on labelled sets of real postings does not fall below the quality card."""

from pathlib import Path

from tests.quality import card
from tests.quality.__main__ import figures_of


def test_no_figure_falls_more_than_a_point_below_the_card(shared_data: Path) -> None:
    figures = figures_of(shared_data)
    assert card.losses(figures, card.accepted()) == []
    assert {f.key for f in figures} == set(card.accepted()), "accept new figures with `make quality ARGS=--accept`"
