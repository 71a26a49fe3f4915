"""The quality gate: rules as data, checked on the plain values of one posting or on a page of them."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

from normalizer.errors import InvalidRulesError

Severity = Literal["critical", "warning"]
#: What becomes of the values that break a rule while the posting is kept.
Repair = Literal["keep", "drop", "cut"]
#: A draft: the values of one posting by field name; `drop` and `cut` change it.
Draft = dict[str, Any]
#: True where a draft, collected at that time, is fit. A missing value is fit for every check but `present`.
Check = Callable[[Draft, datetime], bool]
#: Scope of a rule: each posting, or all postings of a page together. Those of a whole run are the gateway's.
Scope = Literal["row", "page"]
OF_A_RUN = "run"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `reason` is the snake_case code under which it is counted."""

    reason: str
    severity: Severity
    fields: tuple[str, ...]
    check: Check = field(repr=False)
    repair: Repair = "keep"
    limit: int = 0
    scope: Scope = "row"


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of one version; `enforce` false lets critical findings pass as warnings."""

    version: str
    row: tuple[Rule, ...]
    page: tuple[Rule, ...]
    enforce: bool = True

    def examine(self, draft: Draft, collected_at: datetime) -> tuple[Rule | None, list[str]]:
        """The enforced critical rule that the draft breaks, if any, and the reasons of all others.

        A draft that is kept comes out repaired: what breaks a rule is dropped or cut as the rule says.
        """
        warnings: list[str] = []
        for rule in self.row:
            if rule.check(draft, collected_at):
                continue
            if rule.severity == "critical" and self.enforce:
                return rule, warnings
            warnings.append(rule.reason)
            _repair(draft, rule)
        return None, warnings

    def examine_page(self, drafts: Sequence[Draft], collected_at: datetime) -> list[Rule]:
        """The page rules that no posting of the page meets; an empty page breaks none."""
        return [rule for rule in self.page if drafts and not any(rule.check(draft, collected_at) for draft in drafts)]


def _repair(draft: Draft, rule: Rule) -> None:
    for name in rule.fields:
        if rule.repair == "drop":
            draft[name] = None
        elif rule.repair == "cut" and draft.get(name):
            draft[name] = draft[name][: rule.limit]


def _each(fields: Sequence[str], fit: Callable[[Any, datetime], bool]) -> Check:
    """Fit when every value that is there is; one field, the usual case, without a loop."""
    if len(fields) == 1:
        name = fields[0]
        return lambda draft, at: (value := draft[name]) is None or fit(value, at)
    return lambda draft, at: all((value := draft[name]) is None or fit(value, at) for name in fields)


def _present(fields: Sequence[str], _: Mapping[str, Any]) -> Check:
    return lambda draft, _: all(draft[name] for name in fields)


def _max_length(fields: Sequence[str], options: Mapping[str, Any]) -> Check:
    limit = int(options["limit"])
    return _each(fields, lambda value, _: len(value) <= limit)


def _matches(fields: Sequence[str], options: Mapping[str, Any]) -> Check:
    pattern = re.compile(options["pattern"])
    return _each(fields, lambda value, _: pattern.search(value) is not None)


def _one_of(fields: Sequence[str], options: Mapping[str, Any]) -> Check:
    allowed = frozenset(options["values"])
    return _each(fields, lambda v, _: allowed.issuperset(v) if isinstance(v, list) else v in allowed)


def _between(fields: Sequence[str], options: Mapping[str, Any]) -> Check:
    least, most = Decimal(str(options["least"])), Decimal(str(options["most"]))
    return _each(fields, lambda value, _: value.is_finite() and least <= value <= most)


def _ordered(fields: Sequence[str], _: Mapping[str, Any]) -> Check:
    low, high = fields
    return lambda draft, _: draft[low] is None or draft[high] is None or bool(draft[low] <= draft[high])


def _not_after(fields: Sequence[str], options: Mapping[str, Any]) -> Check:
    ahead = timedelta(days=options["days_ahead"])
    return _each(fields, lambda value, collected_at: value <= collected_at + ahead)


def _not_before(fields: Sequence[str], options: Mapping[str, Any]) -> Check:
    year = int(options["year"])
    return _each(fields, lambda value, _: value.year >= year)


_CHECKS: dict[str, Callable[[Sequence[str], Mapping[str, Any]], Check]] = {
    "present": _present,
    "max_length": _max_length,
    "matches": _matches,
    "one_of": _one_of,
    "between": _between,
    "ordered": _ordered,
    "not_after": _not_after,
    "not_before": _not_before,
}
_CHOICES = {
    "severity": ("critical", "warning"),
    "repair": ("keep", "drop", "cut"),
    "scope": ("row", "page", OF_A_RUN),
    "check": tuple(_CHECKS),
}


def rules_from(data: Mapping[str, Any], fields: frozenset[str], *, enforce: bool = True) -> Rules:
    """The rules in `data` (the content of `config/dq.yml`) on these fields; InvalidRulesError names what is wrong."""
    try:
        version, entries = str(data["version"]), list(data["rules"])
    except (KeyError, TypeError) as error:
        raise InvalidRulesError(f"the rules need `version` and a list `rules`: {error}") from error
    rules = [_rule(entry, fields) for entry in entries if not _is_of_a_run(entry)]
    if twice := sorted({r.reason for r in rules if sum(o.reason == r.reason for o in rules) > 1}):
        raise InvalidRulesError(f"each rule needs a reason of its own; several have {', '.join(twice)}")
    of_page = tuple(rule for rule in rules if rule.scope == "page")
    return Rules(version, tuple(rule for rule in rules if rule.scope == "row"), of_page, enforce)


def _is_of_a_run(entry: Any) -> bool:
    return isinstance(entry, Mapping) and entry.get("scope") == OF_A_RUN


def _rule(entry: Mapping[str, Any], fields: frozenset[str]) -> Rule:
    try:
        reason, names, kind = str(entry["reason"]), tuple(entry["fields"]), entry["check"]
        given = {"severity": entry["severity"], "repair": entry.get("repair", "keep")}
        given |= {"scope": entry.get("scope", "row"), "check": kind}
        for name, value in given.items():
            if value not in _CHOICES[name]:
                raise InvalidRulesError(f"rule {reason}: {name} {value!r} is none of {', '.join(_CHOICES[name])}")
        if unknown := set(names) - fields:
            raise InvalidRulesError(f"rule {reason}: there is no field {', '.join(sorted(unknown))}")
        if kind == "ordered" and len(names) != 2:
            raise InvalidRulesError(f"rule {reason}: `ordered` compares two fields")
        check = _CHECKS[kind](names, entry)
    except (KeyError, TypeError, ValueError, ArithmeticError, re.error) as error:
        if isinstance(error, InvalidRulesError):
            raise
        raise InvalidRulesError(f"rule {entry!r}: {type(error).__name__}: {error}") from error
    limit = int(entry.get("limit", 0))
    return Rule(reason, given["severity"], names, check, given["repair"], limit, given["scope"])
