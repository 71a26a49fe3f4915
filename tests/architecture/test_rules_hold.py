"""The repository keeps the rules of the house."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.architecture.import_rules import IMPORT_RULES
from tests.architecture.shape_rules import SHAPE_RULES
from tests.architecture.text_rules import PYTHON_RULES, TEXT_RULES
from tests.architecture.tree import SourceFile, python_files, text_files

ROOT = Path(__file__).parents[2]
FileRule = Callable[[SourceFile], Iterator[str]]


@pytest.mark.parametrize("rule", [*IMPORT_RULES, *PYTHON_RULES], ids=lambda rule: rule.__name__)
def test_python_files_keep(rule: FileRule) -> None:
    files = python_files(ROOT)
    assert len(files) > 20
    breaches = [breach for file in files for breach in rule(file)]
    assert not breaches, "\n".join(breaches)


@pytest.mark.parametrize("rule", TEXT_RULES, ids=lambda rule: rule.__name__)
def test_text_files_keep(rule: FileRule) -> None:
    breaches = [breach for file in text_files(ROOT) for breach in rule(file)]
    assert not breaches, "\n".join(breaches)


@pytest.mark.parametrize("rule", SHAPE_RULES, ids=lambda rule: rule.__name__)
def test_the_tree_keeps(rule: Callable[[Path], Iterator[str]]) -> None:
    breaches = list(rule(ROOT))
    assert not breaches, "\n".join(breaches)
