"""Which PostgreSQL is taken, and what is said where none is there."""

from pathlib import Path

import pytest

from common.database import binaries
from common.database.binaries import Binaries, PostgresUnavailableError, find_binaries


def programs(folder: Path, version: str) -> Path:
    """A stand-in that only says its version."""
    folder.mkdir(parents=True)
    for name in ("postgres", "initdb"):
        (folder / name).write_text(f"#!/bin/sh\necho 'postgres (PostgreSQL) {version}'\n")
        (folder / name).chmod(0o755)
    return folder


@pytest.fixture
def bare_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.delenv(binaries.BINARIES_VARIABLE, raising=False)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setattr(binaries, "_INSTALLED", (f"{tmp_path}/postgresql/*/bin",))
    monkeypatch.setattr("shutil.which", lambda name: None)
    return tmp_path


def test_the_newest_installed_version_is_taken(bare_machine: Path) -> None:
    programs(bare_machine / "postgresql/9/bin", "9.6")
    newest = programs(bare_machine / "postgresql/16/bin", "16.3 (Debian)")
    assert find_binaries() == Binaries(newest, 16)


def test_a_data_directory_gets_the_version_that_made_it(bare_machine: Path) -> None:
    programs(bare_machine / "postgresql/16/bin", "16.3")
    older = programs(bare_machine / "postgresql/15/bin", "15.1")
    assert find_binaries(15) == Binaries(older, 15)


def test_the_named_folder_is_the_only_one_looked_at(bare_machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs(bare_machine / "postgresql/18/bin", "18.1")
    named = programs(bare_machine / "mine", "17.2")
    monkeypatch.setenv(binaries.BINARIES_VARIABLE, str(named))
    assert find_binaries() == Binaries(named, 17)
    with pytest.raises(PostgresUnavailableError, match=r"PostgreSQL 18 .* found instead: PostgreSQL 17 in"):
        find_binaries(18)


@pytest.mark.usefixtures("bare_machine")
def test_without_any_the_message_says_what_to_do() -> None:
    with pytest.raises(
        PostgresUnavailableError, match=r"posthorn-common\[embedded\].*POSTHORN_POSTGRES_BIN.*DATABASE_URL"
    ):
        find_binaries()


def test_programs_that_do_not_run_are_passed_over(bare_machine: Path) -> None:
    broken = programs(bare_machine / "postgresql/18/bin", "18.1")
    (broken / "postgres").write_text("#!/bin/sh\nexit 127\n")
    working = programs(bare_machine / "postgresql/15/bin", "15.1")
    assert find_binaries() == Binaries(working, 15)
