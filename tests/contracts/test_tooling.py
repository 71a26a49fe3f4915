"""Make targets, CI and hooks are what the documents say they are."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MAKEFILE = (ROOT / "Makefile").read_text("utf8")
TARGETS = re.findall(r"^([a-z0-9-]+):.*$", MAKEFILE, re.MULTILINE)
DOCUMENTS = sorted(
    [ROOT / "README.md", ROOT / ".env.example", ROOT / "deploy/k8s/README.md", *(ROOT / "docs").rglob("*.md")]
)


def run(*command: str) -> str:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_help_is_the_default_and_lists_every_target() -> None:
    listed = re.findall(r"^  make (\S+)", run("make"), re.MULTILINE)
    assert listed == TARGETS


@pytest.mark.parametrize("target", TARGETS)
def test_target_is_phony_and_can_be_planned(target: str) -> None:
    phony = re.search(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)
    assert phony
    assert target in phony.group(1).split()
    run("make", "--dry-run", target)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_documents_name_targets_that_exist(path: Path) -> None:
    named = re.findall(r"(?:`|^    )make ([a-z0-9-]+)", path.read_text("utf8"), re.MULTILINE)
    assert set(named) <= set(TARGETS)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_and_named_paths_lead_somewhere(path: Path) -> None:
    text = path.read_text("utf8")
    links = [link.split("#")[0] for link in re.findall(r"\]\(([^)]+)\)", text) if "://" not in link]
    assert [link for link in links if link and not (path.parent / link).exists()] == []
    named = re.findall(r"`((?:tests|docs|config|deploy|libs|services|cli|benchmarks)/[^`*<{ ]+)`", text)
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_setup_script_is_portable_shell() -> None:
    run("sh", "-n", "deploy/setup.sh")
    run("sh", "-n", "deploy/rabbitmq/set-policies.sh")


def test_ci_runs_make_test_and_nothing_else() -> None:
    commands = [line for line in (ROOT / ".ci/run").read_text("utf8").splitlines() if line and line[0] != "#"]
    assert commands == ["set -euo pipefail", 'cd "$(dirname "$0")/.."', "make test"]
    run("bash", "-n", ".ci/run")


def test_workflow_is_valid_and_runs_the_same() -> None:
    workflow = ".github/workflows/ci.yml"
    run(sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", workflow)
    assert "run: bash .ci/run" in (ROOT / workflow).read_text("utf8")


@pytest.mark.parametrize("record", sorted((ROOT / "docs/decisions").glob("[0-9]*.md")), ids=lambda path: path.stem)
def test_decision_says_why_what_follows_and_what_holds_it(record: Path) -> None:
    text = record.read_text("utf8")
    for part in ("**Context.**", "**Decision.**", "**Consequence.**", "**Enforced by**"):
        assert part in text
    assert f"({record.name})" in (record.parent / "README.md").read_text("utf8")
