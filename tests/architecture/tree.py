"""The files of a repository as the rules see them."""

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

SERVICES = ("extractor", "normalizer", "enricher", "ranker", "notifier", "gateway")
_MIGRATIONS = "/migrations/versions/"
_TEXT = {".py", ".md", ".yml", ".yaml", ".json", ".toml", ".sh", ".lock", ".cfg", ".ini", ".html", ".sql", ".txt", ""}


@dataclass(frozen=True)
class SourceFile:
    """A file: its path inside the repository (with `/`) and its text."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @property
    def name(self) -> str:
        return Path(self.path).stem

    @property
    def top_package(self) -> str | None:
        """`common`, `sources`, a service or `posthorn` for product code, None for the rest."""
        parts = Path(self.path).parts
        return parts[parts.index("src") + 1] if "src" in parts else None

    @property
    def in_domain(self) -> bool:
        return "domain" in Path(self.path).parts and self.top_package in SERVICES

    def imports(self) -> Iterator[tuple[int, str]]:
        """Line and dotted name of every import, wherever in the file it stands."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from ((node.lineno, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                yield node.lineno, str(node.module)


def tracked(root: Path) -> list[Path]:
    """What git has or would take; every file where there is no git."""
    if not (root / ".git").exists():
        return sorted(p for p in root.rglob("*") if p.is_file())
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    return sorted(p for name in listed.split("\0") if name and (p := root / name).is_file())


@cache
def text_files(root: Path) -> list[SourceFile]:
    """Every text file that people or we wrote."""
    paths = [p for p in tracked(root) if p.suffix in _TEXT and "vendor" not in p.parts]
    return [SourceFile(p.relative_to(root).as_posix(), p.read_text("utf8")) for p in paths]


@cache
def python_files(root: Path) -> list[SourceFile]:
    """Every Python file but generated migrations."""
    return [f for f in text_files(root) if f.path.endswith(".py") and _MIGRATIONS not in f.path]
