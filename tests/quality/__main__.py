"""Prints the quality card, writes docs/quality.md and fails on a loss: `python -m tests.quality [--accept]`."""

import argparse
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from enricher.domain.enrich import Enricher
from enricher.store.rule_files import load_rules
from tests.quality import card, duplicates, own_set, pay, places, requirements, skills, titles
from tests.quality.sets import shared_data

#: A module of sets: `score(enricher, data)` yields its figures.
FAMILIES = (pay, places, requirements, skills, titles, own_set, duplicates)
_ROOT = Path(__file__).parents[2]
_GIT = "git"


def figures_of(data: Path) -> list[card.Figure]:
    """All figures on the sets in this folder."""
    enricher = Enricher(load_rules()).get_ready()
    return [figure for family in FAMILIES for figure in family.score(enricher, data)]


def _commit() -> str:
    asked = [_GIT, "rev-parse", "--short", "HEAD"]
    told = subprocess.run(asked, cwd=_ROOT, capture_output=True, text=True, check=False)
    return told.stdout.strip() or "?"


def main() -> int:
    """The command; 1 where a figure fell more than a point below the card."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accept", action="store_true", help="make the present figures those to hold")
    arguments = parser.parse_args()
    figures = figures_of(shared_data())
    print(card.table(figures))
    today = datetime.now(UTC).date().isoformat()
    (_ROOT / "docs" / "quality.md").write_text(card.page(figures, today, _commit()))
    if arguments.accept:
        card.accept(figures)
        return 0
    lost = card.losses(figures, card.accepted())
    print("\n".join(lost) or "no figure fell more than a point below the card")
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
