"""Fixtures for all tests, what they do is in tests/support; and what holds for each of them."""

import sys
from pathlib import Path

import pytest
import structlog

from tests.support.data import shared_data
from tests.support.servers import database, module_database, namespace, postgres_process, postgres_server, rabbitmq

__all__ = ["database", "module_database", "namespace", "postgres_process", "postgres_server", "rabbitmq", "shared_data"]

_UNIT = Path(__file__).parent / "unit"
_COMMANDS = _UNIT / "cli"


def pytest_configure() -> None:
    """Log to standard error, as services do: what a command prints is all that is on standard output."""
    structlog.configure(logger_factory=lambda *_: structlog.PrintLogger(sys.stderr))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Count coverage where the domain is tried on its own: tracing services and commands takes minutes for nothing."""
    for item in items:
        if not item.path.is_relative_to(_UNIT) or item.path.is_relative_to(_COMMANDS):
            item.add_marker(pytest.mark.no_cover)
