"""The rules of `config/companies.yml`: names that are one company, which answer is taken, when to ask again."""

from datetime import timedelta
from typing import Annotated, Any

import msgspec
import yaml

from common.settings import config_path

Alike = Annotated[float, msgspec.Meta(ge=0, le=100)]
_Count = Annotated[int, msgspec.Meta(ge=1)]
_Length = Annotated[float, msgspec.Meta(gt=0)]


class CompanyRulesError(ValueError):
    """`companies.yml` is not valid; the message says where."""


class _Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of the file; unknown names are mistakes."""


class NameRules(_Section, frozen=True, kw_only=True):
    """What of a name and an address does not tell which company it is."""

    legal_forms: list[str]
    nameless: list[str]
    host_labels: list[str]
    shared_hosts: list[str]


class ChoiceRules(_Section, frozen=True, kw_only=True):
    """From which alikeness (0 to 100) on an answer is the company that was asked for."""

    threshold: Alike
    margin: Alike
    other_word: Alike
    same_word: Alike


class LookUpRules(_Section, frozen=True, kw_only=True):
    """How often and when a provider is asked."""

    attempts: _Count
    first_pause_minutes: _Length
    longest_pause_hours: _Length
    lease_minutes: _Length
    ask_again_days: _Length | None

    @property
    def lease(self) -> timedelta:
        """Longer than a look-up takes."""
        return timedelta(minutes=self.lease_minutes)

    @property
    def ask_again_after(self) -> timedelta | None:
        """None: a company that was not found is never asked for again."""
        return None if self.ask_again_days is None else timedelta(days=self.ask_again_days)

    def pause(self, failed: int) -> timedelta:
        """After so many failed attempts, at least 1."""
        longest = timedelta(hours=self.longest_pause_hours)
        return min(longest, timedelta(minutes=self.first_pause_minutes * 4.0 ** min(failed - 1, 10)))


class CompanyRules(_Section, frozen=True, kw_only=True):
    """The whole file."""

    version: int
    names: NameRules
    choice: ChoiceRules
    look_up: LookUpRules


def parse_rules(document: Any) -> CompanyRules:
    """The rules in a parsed YAML document; CompanyRulesError where a value is missing, unknown or out of range."""
    try:
        rules = msgspec.convert(document, CompanyRules)
    except msgspec.ValidationError as error:
        raise CompanyRulesError(f"companies.yml: {error}") from error
    if rules.choice.other_word >= rules.choice.threshold:
        raise CompanyRulesError("companies.yml: choice.other_word must lie below choice.threshold")
    return rules


def load_rules() -> CompanyRules:
    """Those of `config/companies.yml`."""
    return parse_rules(yaml.safe_load(config_path("companies.yml").read_text(encoding="utf-8")))
