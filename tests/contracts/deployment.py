"""What deployment files may name: services, their ports, and the variables that code reads."""

import importlib
import re
from pathlib import Path
from typing import Any

import yaml

from common.settings import ServiceSettings
from sources.companies.glassdoor import SEARCHES
from sources.registry import adapters
from sources.settings import SourceSettings, variable_of
from tests.architecture.tree import SERVICES

ROOT = Path(__file__).parents[2]
#: Read from the environment outside of settings classes: by `common.settings`, the command and the deploy step.
READ_ELSEWHERE = {"POSTHORN_CONFIG", "POSTHORN_HOME", "POSTHORN_URL"}
PASSWORDS = {f"{service.upper()}_DATABASE_PASSWORD" for service in SERVICES}


def settings_class(service: str) -> type[ServiceSettings]:
    return importlib.import_module(f"{service}.settings").Settings  # type: ignore[no-any-return]  # by name


def variables(service: str) -> set[str]:
    """Variables a service reads: its fields, and at the extractor those of the sources and company providers."""
    names = {field.upper() for field in settings_class(service).model_fields} | {"POSTHORN_CONFIG"}
    if service == "extractor":
        for adapter in (*adapters().values(), *SEARCHES.values()):
            fields = [*SourceSettings.model_fields, *adapter.settings.needs]
            names |= {variable_of(adapter.name, field) for field in fields}
    return names


def port(service: str) -> int:
    """The port a service listens on unless told otherwise."""
    default = settings_class(service).model_fields["port"].default
    assert isinstance(default, int)
    return default


def load(path: str) -> Any:
    """A YAML file of the repository."""
    return yaml.safe_load((ROOT / path).read_text("utf8"))


def metric_names() -> set[str]:
    """Every metric that code defines, read from its text so that nothing need be started."""
    pattern = re.compile(r"(?:Counter|Gauge|Histogram)\(\s*\"([a-z_]+)\"")
    files = [p for folder in ("libs", "services") for p in (ROOT / folder).rglob("*metrics.py")]
    return {name for path in files for name in pattern.findall(path.read_text("utf8"))}
