"""The results of the chaos suite as people read them."""

from collections import Counter
from pathlib import Path

import pytest

from tests.chaos import report
from tests.chaos.scenario import Outcome

PASSED = Outcome("kills", 7, Counter(ranker=2, rabbitmq=1), [1.5, 3.25], 20.0, 10.0)
FAILED = Outcome("wiped", 7, findings=["a posting is lost", "a queue is silent"])


def test_kills_are_summed_by_what_goals_are_stated_in() -> None:
    words = report.summary([PASSED, FAILED])
    assert words.startswith("2 kills of services, 1 of the broker, 0 of the database; longest recovery 3.2 s")
    assert words.endswith("1 of 2 scenarios failed")


def test_the_table_says_what_failed() -> None:
    assert "| kills | 2 services, 1 rabbitmq | ≤ 3.2 | 20.0 | 10.0 | passed |" in report.table([PASSED, FAILED])
    assert "| wiped | none | – | 0.0 | 0.0 | **2 findings** |" in report.table([PASSED, FAILED])


def test_results_replace_the_last_ones_between_the_markers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    document = tmp_path / "docs" / "reliability.md"
    document.parent.mkdir()
    document.write_text(f"before\n{report._BEGIN}\nold\n{report._END}\nafter\n")
    monkeypatch.setattr(report, "_DOCUMENT", document)
    monkeypatch.setattr(report, "_KEPT", tmp_path / ".chaos")
    report.write([PASSED], into_docs=True)
    first = document.read_text()
    report.write([PASSED], into_docs=True)
    assert document.read_text().count("| kills | 2") == first.count("| kills | 2") == 1
    assert "old" not in first
    assert first.startswith("before\n")
    assert first.endswith("\nafter\n")
    assert list((tmp_path / ".chaos").glob("*.md"))
