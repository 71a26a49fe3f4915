"""The locks install from any index: they name PyPI's public hosts or none, and agree with each other."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PUBLIC = {"pypi.org", "files.pythonhosted.org"}
REQUIREMENT = re.compile(r"^([a-z0-9._-]+)==([^ ;\\]+)", re.MULTILINE)
HASH = re.compile(r"--hash=(sha256:[0-9a-f]{64})")
#: Each command that writes a lock reads them, and these carry a mirror's host into it.
INDEX_VARIABLES = ("UV_DEFAULT_INDEX", "UV_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL")


def hosts(text: str) -> set[str]:
    return set(re.findall(r"https?://(?:[^@/\s\"]*@)?([^/:\s\"]+)", text))


def requirements() -> str:
    return (ROOT / "requirements.lock").read_text("utf8")


def locked() -> list[dict[str, Any]]:
    """Every package of uv.lock that comes from an index; one name may have a version per Python."""
    packages = tomllib.loads((ROOT / "uv.lock").read_text("utf8"))["package"]
    return [p for p in packages if "registry" in p["source"]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("https://a.example/simple", {"a.example"}), ("http://u:p@b.example:8080/x", {"b.example"}), ("none", set())],
)
def test_hosts_are_found(text: str, expected: set[str]) -> None:
    assert hosts(text) == expected


def test_uv_lock_names_public_hosts_only() -> None:
    assert hosts((ROOT / "uv.lock").read_text("utf8")) == PUBLIC


def test_requirements_lock_names_no_host() -> None:
    assert hosts(requirements()) == set()
    assert "index-url" not in requirements()


def test_requirements_lock_is_what_uv_lock_says() -> None:
    pinned = set(REQUIREMENT.findall(requirements()))
    assert pinned == {(p["name"], p["version"]) for p in locked()}, "run `make lock`"


def test_requirements_lock_holds_the_hashes_of_uv_lock() -> None:
    files = [f for p in locked() for f in [p.get("sdist"), *p.get("wheels", [])] if f]
    assert set(HASH.findall(requirements())) == {f["hash"] for f in files}, "run `make lock`"


def test_there_is_one_lock_of_each_kind() -> None:
    assert not list(ROOT.glob("package-lock.json"))
    assert not list(ROOT.glob("*/*/uv.lock"))


@pytest.mark.parametrize("variable", INDEX_VARIABLES)
def test_make_lock_ignores_a_mirror(variable: str) -> None:
    assert f"-u {variable}" in (ROOT / "Makefile").read_text("utf8")
