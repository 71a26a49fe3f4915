"""Loads the rules that the gateway judges runs by."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import yaml

from common.settings.rule_files import Parse, RuleFault, RuleFiles, RulesRefusedError
from gateway.domain.measures import JobMeasures, Limits
from gateway.domain.quality import Rules
from gateway.domain.quality_rules import own_checks_in, run_rules_from

_FILE = "dq.yml"
#: The gateway's rule files, each with its parser.
PARSERS: Mapping[str, Parse] = {_FILE: lambda content: run_rules_from(yaml.safe_load(content))}


def load_rules(files: RuleFiles | None = None) -> tuple[Rules, Limits]:
    """The rules on runs; RulesRefusedError where the file cannot be used, or names code that the shipped does not."""
    files = files or RuleFiles()
    if files.changed and (strange := _checks(files) - _checks(RuleFiles())):
        told = f"`check` {', '.join(sorted(strange))}: code is named by the file as shipped, never by a rule set"
        raise RulesRefusedError([RuleFault(_FILE, told)])
    rules, limits = files.parsed(PARSERS)[_FILE]
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


def _checks(files: RuleFiles) -> set[str]:
    found: set[str] = files.parsed({_FILE: lambda content: own_checks_in(yaml.safe_load(content))})[_FILE]
    return found
