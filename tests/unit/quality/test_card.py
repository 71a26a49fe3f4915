"""The quality card tells a loss, and nothing else."""

from tests.quality.card import Figure, f_score, losses, table


def figure(value: float, *, lower_is_better: bool = False) -> Figure:
    return Figure("m", "s", 10, "accuracy", accuracy=value, lower_is_better=lower_is_better)


def test_a_point_may_be_lost_and_no_more() -> None:
    assert losses([figure(0.895)], {"m | s": 0.90}) == []
    assert losses([figure(0.88)], {"m | s": 0.90}) == ["m | s: accuracy 0.880, 0.900 on the card"]


def test_of_errors_more_is_a_loss() -> None:
    assert losses([figure(0.03, lower_is_better=True)], {"m | s": 0.01})
    assert losses([figure(0.0, lower_is_better=True)], {"m | s": 0.01}) == []


def test_a_figure_that_is_no_longer_measured_is_a_loss() -> None:
    assert losses([], {"m | s": 0.9}) == ["m | s: on the card, but not measured"]


def test_a_new_figure_is_no_loss() -> None:
    assert losses([figure(0.1)], {}) == []


def test_the_figure_that_counts_is_bold() -> None:
    assert "| m | s | 10 | **0.500** |" in table([figure(0.5)])


def test_f_score_of_nothing_is_zero() -> None:
    assert f_score(0.0, 0.0) == 0.0
