"""Loads the rules of the normalizer from `config/`, with the changes of a rule set."""

from dataclasses import dataclass, replace
from typing import Any

import yaml

from common.settings.rule_files import Parse, RuleFiles
from normalizer.domain.canonical import FIELDS
from normalizer.domain.closing_rules import ClosingRules, closing_rules_from
from normalizer.domain.dedupe_rules import dedupe_rules_from
from normalizer.domain.listing import Reader
from normalizer.domain.precedence import Precedence, precedence_from
from normalizer.domain.quality import Rules, rules_from
from sources.companies.names import CompanyNames
from sources.companies.rules import parse_rules


@dataclass(frozen=True, slots=True)
class NormalizerRules:
    """All that pages are read by, ready to be asked; `version` is stamped on what they give."""

    version: str
    quality: Rules
    precedence: Precedence
    names: CompanyNames
    duplicates: Reader
    upper_ends: tuple[int, ...]
    closing: ClosingRules


def _upper_ends(document: Any) -> tuple[int, ...]:
    return tuple(int(end) for end in document["upper_ends"])


#: Every file that the normalizer reads.
PARSERS: dict[str, Parse] = {
    "dq.yml": lambda content: rules_from(yaml.safe_load(content), FIELDS),
    "sources.yml": lambda content: precedence_from(yaml.safe_load(content)),
    "companies.yml": lambda content: CompanyNames(parse_rules(yaml.safe_load(content)).names),
    "dedupe.yml": lambda content: dedupe_rules_from(yaml.safe_load(content)),
    "closing.yml": lambda content: closing_rules_from(yaml.safe_load(content)),
    "enums.yml": lambda content: _upper_ends(yaml.safe_load(content)),
}


def load_rules(files: RuleFiles | None = None, *, enforce: bool = True) -> NormalizerRules:
    """All rules, checked; RulesRefusedError where one cannot be used. Not `enforce`: critical findings only warn."""
    files = files or RuleFiles()
    parsed = files.parsed(PARSERS)
    quality, dedupe, names = parsed["dq.yml"], parsed["dedupe.yml"], parsed["companies.yml"]
    version = files.stamped(quality.version)
    dedupe = dedupe.model_copy(update={"version": files.stamped(dedupe.version)})
    closing = parsed["closing.yml"].model_copy(update={"version": files.stamped(parsed["closing.yml"].version)})
    return NormalizerRules(
        version=version, quality=replace(quality, version=version, enforce=enforce), names=names,
        precedence=parsed["sources.yml"], duplicates=Reader(dedupe, names), upper_ends=parsed["enums.yml"],
        closing=closing,
    )  # fmt: skip
