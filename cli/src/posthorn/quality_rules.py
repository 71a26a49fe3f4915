"""The rules on runs as rows to show, read as the gateway reads them."""

from gateway.domain.quality import Threshold
from gateway.store.rule_files import load_rules


def rows() -> list[dict[str, str]]:
    """One for each rule; RulesRefusedError where they cannot be used."""
    found, _ = load_rules()
    return [
        {
            "reason": rule.reason,
            "severity": rule.severity,
            "each": "source" if rule.each_source else "run",
            "holds_if": rule.check.holds_if if isinstance(rule.check, Threshold) else "a function of one's own says so",
        }
        for rule in found.of_run
    ]
