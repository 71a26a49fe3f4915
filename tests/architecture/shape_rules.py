"""Rules on which files and folders there are."""

from collections.abc import Iterator
from pathlib import Path

from tests.architecture.tree import SERVICES

#: Capabilities of the shared library; a new one is a decision, not a habit.
COMMON = {"contracts", "messaging", "database", "telemetry", "web", "settings", "storage", "testing"}
#: The one shape of a service; `handlers`, `routes` and `store` may be a file or a folder.
SHAPE = {
    "__main__",
    "app",
    "settings",
    "wiring",
    "handlers",
    "routes",
    "domain",
    "store",
    "tables",
    "metrics",
    "errors",
}
_OPTIONAL = {"clients"}


def _modules(package: Path) -> set[str]:
    found = {p.stem for p in package.glob("*.py")} | {p.parent.name for p in package.glob("*/__init__.py")}
    return found - {"__init__"}


def closed_common(root: Path) -> Iterator[str]:
    """The packages of `common` are a closed list."""
    found = _modules(root / "libs/common/src/common")
    yield from (f"common.{name} is not in the closed list" for name in sorted(found - COMMON))


def known_services(root: Path) -> Iterator[str]:
    """There are six services, each with its one package."""
    found = {p.parent.name for p in root.glob("services/*/pyproject.toml")}
    yield from (f"services/{name} is not one of the six" for name in sorted(found - set(SERVICES)))
    yield from (f"services/{name} is missing" for name in sorted(set(SERVICES) - found))


def same_shape(root: Path) -> Iterator[str]:
    """All services have the same files, so that who knows one knows all."""
    for service in SERVICES:
        found = _modules(root / "services" / service / "src" / service)
        yield from (f"{service}.{name} is missing" for name in sorted(SHAPE - found))
        yield from (f"{service}.{name} is outside the shape" for name in sorted(found - SHAPE - _OPTIONAL))
        if not (root / "services" / service / "migrations" / "versions").is_dir():
            yield f"{service} has no migrations"


SHAPE_RULES = (closed_common, known_services, same_shape)
