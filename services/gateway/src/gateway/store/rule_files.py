"""Loads the rules that the gateway judges runs by."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import yaml

from common.settings.rule_files import Parse, RuleFiles
from gateway.domain.measures import JobMeasures, Limits
from gateway.domain.quality import Rules
from gateway.domain.quality_rules import run_rules_from

#: The gateway's rule files, each with its parser.
PARSERS: Mapping[str, Parse] = {"dq.yml": lambda content: run_rules_from(yaml.safe_load(content))}


def load_rules(files: RuleFiles | None = None) -> tuple[Rules, Limits]:
    """The rules on runs; RulesRefusedError where the file cannot be used."""
    files = files or RuleFiles()
    rules, limits = files.parsed(PARSERS)["dq.yml"]
    return replace(rules, version=files.stamped(rules.version)), limits


@dataclass(frozen=True, slots=True)
class RunRules:
    """The rules on runs, and what jobs are counted by for them."""

    rules: Rules
    measures: JobMeasures


def run_rules(files: RuleFiles) -> RunRules:
    """Those of these files, ready to be asked; RulesRefusedError where they cannot be used."""
    rules, limits = load_rules(files)
    return RunRules(rules, JobMeasures(limits))
