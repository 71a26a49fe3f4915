"""Loads the rules that the gateway judges runs by."""

from collections.abc import Mapping
from dataclasses import replace

import yaml

from common.settings.rule_files import Parse, RuleFiles
from gateway.domain.measures import Limits
from gateway.domain.quality import Rules
from gateway.domain.quality_rules import run_rules_from

#: The gateway's rule files, each with its parser.
PARSERS: Mapping[str, Parse] = {"dq.yml": lambda content: run_rules_from(yaml.safe_load(content))}


def load_rules(files: RuleFiles | None = None) -> tuple[Rules, Limits]:
    """The rules on runs; RulesRefusedError where the file cannot be used."""
    files = files or RuleFiles()
    rules, limits = files.parsed(PARSERS)["dq.yml"]
    return replace(rules, version=files.stamped(rules.version)), limits
