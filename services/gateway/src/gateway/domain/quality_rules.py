"""Reads the rules on whole runs out of `config/dq.yml`; whatever cannot be used is refused in words."""

import importlib
import re
from collections.abc import Mapping, Sequence
from typing import Any, get_args

from common.contracts import PostingOutcome
from gateway.domain.measures import NAMES, Limits
from gateway.domain.quality import Comparison, OwnCheck, Rule, Rules, Severity, Threshold
from gateway.errors import InvalidRulesError

#: Counted of every run, beside what jobs are counted by and what rows and pages are remarked on for.
COUNTS = frozenset({*get_args(PostingOutcome), "fetched", "open", "units", "failed_units", "kept"})
_KEYS = {"reason", "severity", "scope", "each", "ended"}
_DATA_KEYS = {"measure", "comparison", "threshold", "against", "sample"}
_CHOICES: Mapping[str, tuple[str, ...]] = {
    "severity": get_args(Severity),
    "each": ("run", "source"),
    "ended": ("any", "completed"),
    "comparison": get_args(Comparison),
    "against": ("number", "usual"),
}
_LARGEST = 1e15
_MEASURE = re.compile(r"([a-z_]+)(?:\s*/\s*([a-z_]+))?")
_CODE = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")


def run_rules_from(data: Any) -> tuple[Rules, Limits]:
    """The rules of scope run in the content of `config/dq.yml`; rules of other scopes are the normalizer's."""
    try:
        version, entries = str(data["version"]), list(data["rules"])
        limits = Limits(**{name: int(value) for name, value in (data.get("limits") or {}).items()})
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InvalidRulesError(f"the rules need `version`, a list `rules` and numbers in `limits`: {error}") from error
    reasons = [str(entry.get("reason")) for entry in entries if isinstance(entry, Mapping)]
    if twice := sorted({reason for reason in reasons if reasons.count(reason) > 1}):
        raise InvalidRulesError(f"each rule needs a reason of its own; several have {', '.join(twice)}")
    of_run = [entry for entry in entries if isinstance(entry, Mapping) and entry.get("scope") == "run"]
    names = COUNTS | NAMES | (set(reasons) - {str(entry.get("reason")) for entry in of_run})
    return Rules(version, tuple(_rule(entry, names) for entry in of_run)), limits


def own_checks_in(data: Any) -> set[str]:
    """The functions that rules on runs name; nothing is imported, and what is wrong is left to who reads the rules."""
    entries = data.get("rules") if isinstance(data, Mapping) else None
    return {
        str(entry["check"])
        for entry in (entries if isinstance(entries, list) else [])
        if isinstance(entry, Mapping) and entry.get("scope") == "run" and "check" in entry
    }


def _rule(entry: Mapping[str, Any], names: frozenset[str]) -> Rule:
    reason = str(entry.get("reason") or "")
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,79}", reason):
        raise InvalidRulesError(f"rule {entry!r}: `reason` is a name such as rejected_share_high")
    own = "check" in entry
    if unknown := set(entry) - _KEYS - ({"check"} if own else _DATA_KEYS):
        raise InvalidRulesError(f"rule {reason}: nothing is known of {', '.join(sorted(map(str, unknown)))}")
    severity = _choice(entry, "severity", reason, None)
    check = _own(str(entry["check"]), reason) if own else _threshold(entry, reason, names)
    each, ended = _choice(entry, "each", reason, "run"), _choice(entry, "ended", reason, "any")
    return Rule(reason, severity, check, each == "source", ended == "completed")


def _choice(entry: Mapping[str, Any], key: str, reason: str, default: str | None) -> Any:
    value = entry.get(key, default)
    if value not in _CHOICES[key]:
        raise InvalidRulesError(f"rule {reason}: {key} {value!r} is none of {', '.join(_CHOICES[key])}")
    return value


def _threshold(entry: Mapping[str, Any], reason: str, names: frozenset[str]) -> Threshold:
    written = _MEASURE.fullmatch(str(entry.get("measure")))
    if written is None:
        raise InvalidRulesError(f"rule {reason}: `measure` is a count, or one over another: rejected / fetched")
    if unknown := {name for name in written.groups() if name} - names:
        raise InvalidRulesError(f"rule {reason}: nothing counts {', '.join(sorted(unknown))}")
    comparison = _choice(entry, "comparison", reason, None)
    usual = _choice(entry, "against", reason, "number") == "usual"
    numbers = _numbers(entry, ("threshold", "sample"), reason)
    return Threshold(written[1], written[2], comparison, numbers[0], int(numbers[1]), usual)


def _numbers(entry: Mapping[str, Any], keys: Sequence[str], reason: str) -> list[float]:
    given = {"sample": 1} | {key: entry[key] for key in keys if key in entry}
    for key in keys:
        number = given.get(key)
        if isinstance(number, bool) or not isinstance(number, int | float) or not 0 <= number < _LARGEST:
            raise InvalidRulesError(f"rule {reason}: `{key}` is a number from 0 on, not {number!r}")
    return [given[key] for key in keys]


def _own(code: str, reason: str) -> OwnCheck:
    if not _CODE.fullmatch(code):
        raise InvalidRulesError(f"rule {reason}: `check` is module:function, not {code!r}")
    module, _, name = code.partition(":")
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise InvalidRulesError(f"rule {reason}: check {code}: {error}") from error
    if not callable(found):
        raise InvalidRulesError(f"rule {reason}: check {code} is no function")
    own: OwnCheck = found
    return own
