"""Every rule of the house finds a breach of it and lets the allowed neighbour pass."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.architecture import import_rules, shape_rules, text_rules
from tests.architecture.tree import SERVICES, SourceFile, python_files

FileRule = Callable[[SourceFile], Iterator[str]]
DOMAIN = "services/ranker/src/ranker/domain/score.py"
RANKER = "services/ranker/src/ranker/store.py"
DOC = '"""Scores jobs."""\n'
BODY = "\n".join(["    x = 1"] * 60)

CASES: list[tuple[FileRule, str, str, str]] = [
    # rule, path, text that breaks it, text that keeps it
    (import_rules.aio_pika_in_messaging_only, RANKER, "import aio_pika.abc", "import aio_pikachu"),
    (import_rules.layers, RANKER, "def f():\n    from gateway.store import x", "from common.web import x"),
    (import_rules.layers, "libs/common/src/common/web/app.py", "import ranker", "import ranking"),
    (import_rules.layers, "libs/common/src/common/web/app.py", "from sources.registry import x", "import common.web"),
    (import_rules.layers, "libs/sources/src/sources/a.py", "import extractor", "import common.contracts"),
    (import_rules.pure_domain, DOMAIN, "from sqlalchemy import select", "import decimal"),
    (import_rules.pure_domain, DOMAIN, "import asyncio", "import re"),
    (import_rules.pure_domain, DOMAIN, "from common.database import bulk_upsert", "from common.contracts import Job"),
    (import_rules.pure_domain, DOMAIN, "from ranker.store import x", "from ranker.domain.other import x"),
    (import_rules.pure_domain, DOMAIN, "async def f(): ...", "def f(): ..."),
    (text_rules.short_file, RANKER, "x = 1\n" * 401, "x = 1\n" * 400),
    (text_rules.short_functions, RANKER, f"async def f():\n{BODY}", f"def f():\n{BODY[:-10]}"),
    (text_rules.telling_name, "libs/common/src/common/web/utils.py", DOC, ""),
    (text_rules.one_sentence_docstring, RANKER, "x = 1", DOC),
    (text_rules.one_sentence_docstring, RANKER, '"""Scores jobs. And more."""', '"""Scores jobs, e.g. of v1.2."""'),
    (text_rules.one_sentence_docstring, RANKER, '"""Scores jobs.\n\nAnd more."""', DOC),
    (text_rules.reasons_for_exceptions, RANKER, "x = 1  # " + "noqa", "x = 1  # " + "noqa: S105 - not a password"),
    (text_rules.reasons_for_exceptions, RANKER, "x = 1  # " + "noqa: S105", "x = 1  # " + "noqa: S1, S2 - both meant"),
    (
        text_rules.reasons_for_exceptions,
        RANKER,
        "x = 1  # " + "type: ignore[arg-type]",
        "x = 1  # " + "type: ignore[arg-type]  # the stub is wrong",
    ),
    (text_rules.no_process_context, RANKER, "async with message.process(): ...", "postprocess()"),
    (text_rules.no_print, RANKER, "print(1)", "log.info(1)"),
    (text_rules.settings_are_built_at_start, RANKER, "settings = Settings()", "def f():\n    return Settings()"),
    (text_rules.campaign_is_the_word, RANKER, "def f(profile_id): ...", "def f(campaign_id): ..."),
    (text_rules.campaign_is_the_word, RANKER, "class SearchProfile: ...", "x = 'profile'"),
    (text_rules.no_machine_paths, "docs/a.md", "see /wo" + "rk/shared", "see http://x/wo" + "rk/a"),
    (text_rules.nothing_unfinished, RANKER, "# TO" + "DO later", "# to do so"),
]


@pytest.mark.parametrize(
    ("rule", "path", "bad", "good"), CASES, ids=[f"{case[0].__name__}-{i}" for i, case in enumerate(CASES)]
)
def test_rule_finds_a_breach(rule: FileRule, path: str, bad: str, good: str) -> None:
    assert list(rule(SourceFile(path, bad)))
    good_path = path.replace("utils", "app")
    assert list(rule(SourceFile(good_path, good))) == []


def test_every_file_rule_has_a_case() -> None:
    rules = {*import_rules.IMPORT_RULES, *text_rules.PYTHON_RULES, *text_rules.TEXT_RULES}
    assert {case[0] for case in CASES} == rules


def make_tree(root: Path) -> None:
    for package in shape_rules.COMMON:
        touch(root / "libs/common/src/common" / package / "__init__.py")
    for service in SERVICES:
        touch(root / "services" / service / "pyproject.toml")
        touch(root / "services" / service / "migrations/versions/0001_initial.py")
        for module in shape_rules.SHAPE - {"domain"}:
            touch(root / "services" / service / "src" / service / f"{module}.py")
        touch(root / "services" / service / "src" / service / "domain/__init__.py")


def touch(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()


@pytest.mark.parametrize("rule", shape_rules.SHAPE_RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize(
    ("added", "removed", "guard"),
    [
        ("libs/common/src/common/jobs/__init__.py", None, "closed_common"),
        ("libs/common/src/common/jobs.py", None, "closed_common"),
        ("services/scraper/pyproject.toml", None, "known_services"),
        ("services/ranker/src/ranker/extra.py", None, "same_shape"),
        (None, "services/ranker/src/ranker/metrics.py", "same_shape"),
    ],
)
def test_shape_rule_finds_its_breach_only(
    tmp_path: Path, rule: Callable[[Path], Iterator[str]], added: str | None, removed: str | None, guard: str
) -> None:
    make_tree(tmp_path)
    assert list(rule(tmp_path)) == []
    if added:
        touch(tmp_path / added)
    if removed:
        (tmp_path / removed).unlink()
    assert bool(list(rule(tmp_path))) == (rule.__name__ == guard)


def test_generated_migrations_are_left_alone(tmp_path: Path) -> None:
    make_tree(tmp_path)
    assert not [f for f in python_files(tmp_path) if "versions" in f.path]
