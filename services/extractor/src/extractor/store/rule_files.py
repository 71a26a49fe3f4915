"""Loads the rules of company look-ups from `config/`, with the changes of a rule set."""

from dataclasses import dataclass

import yaml

from common.settings.rule_files import Parse, RuleFiles
from extractor.domain.company_choice import CompanyChooser
from sources.companies.names import CompanyNames
from sources.companies.rules import LookUpRules, parse_rules


@dataclass(frozen=True, slots=True)
class ExtractorRules:
    """All that look-ups go by, ready to be asked; `version` is that of the file."""

    version: int
    names: CompanyNames
    chooser: CompanyChooser
    look_up: LookUpRules


#: Every file that the extractor reads.
PARSERS: dict[str, Parse] = {"companies.yml": lambda content: parse_rules(yaml.safe_load(content))}


def load_rules(files: RuleFiles) -> ExtractorRules:
    """All rules, checked; RulesRefusedError where one cannot be used."""
    rules = files.parsed(PARSERS)["companies.yml"]
    names = CompanyNames(rules.names)
    return ExtractorRules(rules.version, names, CompanyChooser(names, rules.choice), rules.look_up)
