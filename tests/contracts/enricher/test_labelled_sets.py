"""What enrichment reads on labelled sets of real postings does not fall below the quality card."""

from pathlib import Path

from tests.quality import card
from tests.quality.__main__ import figures_of


def test_no_figure_falls_more_than_a_point_below_the_card(shared_data: Path) -> None:
    figures = figures_of(shared_data)
    assert card.losses(figures, card.accepted()) == []
    assert {f.key for f in figures} == set(card.accepted()), "accept new figures with `make quality ARGS=--accept`"


def test_every_labelled_set_is_scored(shared_data: Path) -> None:
    scoring = "".join(module.read_text() for module in Path(card.__file__).parent.glob("*.py"))
    sets = {entry.name.split(".")[0] for entry in (shared_data / "labelled").iterdir()}
    assert sorted(name for name in sets if name not in scoring) == []
