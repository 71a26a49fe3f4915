"""The quality card: figures as a table, as a page, and against the figures last accepted."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

CARD = Path(__file__).with_name("card.json")
#: A figure may fall this far below the card.
TOLERANCE = 0.01


@dataclass(frozen=True)
class Figure:
    """One measure on one set. `main` names the field that is held against the card; shares are 0 to 1, time is in ms.

    `lower_is_better` is for shares of errors. `note` says how labels were compared and what the set is worth.
    """

    measure: str
    labelled_set: str
    n: int
    main: str
    accuracy: float | None = None
    precision: float | None = None
    recall: float | None = None
    f1: float | None = None
    coverage: float | None = None
    ms: float | None = None
    lower_is_better: bool = False
    published: str = ""
    note: str = ""

    @property
    def key(self) -> str:
        """Name in the card."""
        return f"{self.measure} | {self.labelled_set}"

    @property
    def value(self) -> float:
        """The figure that counts."""
        value = getattr(self, self.main)
        assert isinstance(value, float), self.key
        return value


def f_score(precision: float, recall: float) -> float:
    """Harmonic mean of precision and recall, 0 where both are 0."""
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def ratio(part: int, whole: int) -> float:
    """The share; 0 of nothing."""
    return part / whole if whole else 0.0


def losses(figures: Iterable[Figure], accepted: dict[str, float]) -> list[str]:
    """What fell more than a point below the card, or is missing from what was measured, as sentences."""
    measured = {f.key: f for f in figures}
    found = [f"{key}: on the card, but not measured" for key in accepted if key not in measured]
    for key, figure in measured.items():
        before = accepted.get(key)
        if before is None:
            continue
        loss = figure.value - before if figure.lower_is_better else before - figure.value
        if loss > TOLERANCE:
            found.append(f"{key}: {figure.main} {figure.value:.3f}, {before:.3f} on the card")
    return found


def accepted() -> dict[str, float]:
    """The figures last accepted; none before the first."""
    return json.loads(CARD.read_text()) if CARD.exists() else {}


def accept(figures: Iterable[Figure]) -> None:
    """Make these the figures to hold."""
    CARD.write_text(json.dumps({f.key: round(f.value, 4) for f in figures}, indent=1, ensure_ascii=False) + "\n")


_COLUMNS = ("accuracy", "precision", "recall", "f1", "coverage", "ms")


def table(figures: Sequence[Figure]) -> str:
    """Markdown, the figure that counts in bold."""
    head = "| measure | set | n | accuracy | precision | recall | F1 | coverage | ms a posting | published |"
    rows = [head, "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |"]
    for f in figures:
        cells = [_cell(f, column) for column in _COLUMNS]
        rows.append(f"| {f.measure} | {f.labelled_set} | {f.n} | {' | '.join(cells)} | {f.published or '–'} |")
    return "\n".join(rows)


def _cell(figure: Figure, column: str) -> str:
    value = getattr(figure, column)
    if value is None:
        return ""
    text = f"{value:.3f}"
    return f"**{text}**" if column == figure.main else text


def page(figures: Sequence[Figure], date: str, commit: str) -> str:
    """docs/quality.md."""
    notes = "\n".join(f"- **{f.key}**: {f.note}" for f in figures if f.note)
    return f"""# Quality card

What the readers of the enricher get right, measured on {date} at commit {commit} by `make quality`. Figures in bold are
held against `tests/quality/card.json`: the command fails when one falls more than a point. `make quality ARGS=--accept`
makes the present figures those to hold. Times are for one posting of the set (short windows), in one process;
`python -m benchmarks.enrich` measures whole bodies.

The sets are development sets: rules were written with their errors in view, so these figures are upper bounds. Most
labels come from language models under a written guide, not from people; how they were compared is told below the table.
No published figure is known to us for these sets; the column is for measures that have one.

{table(figures)}

## How labels were compared

{notes}
"""
