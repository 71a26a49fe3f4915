"""Rule files of `config/`, some replaced by those of a rule set; names their exact state and what is wrong in them."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from common.settings import config_path

#: The rule set that changes nothing.
SHIPPED = "shipped"
#: Of all files of a set together: as base64 in JSON they must pass as one request.
MOST_BYTES = 1_310_720
_DIGITS = 12

Parse = Callable[[bytes], Any]


@dataclass(frozen=True, slots=True)
class RuleFault:
    """What is wrong in which file; `detail` names line or field."""

    file: str
    detail: str


class RulesRefusedError(ValueError):
    """Rule files that cannot be used as they are."""

    def __init__(self, faults: Iterable[RuleFault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(f"{fault.file}: {fault.detail}" for fault in self.faults))


@dataclass(frozen=True, eq=False)
class RuleFiles:
    """The files of `config/`, of which those in `changed` are replaced."""

    changed: Mapping[str, bytes] = field(default_factory=dict)

    @cached_property
    def version(self) -> str:
        """The same for the same changes, whoever makes them."""
        if not self.changed:
            return SHIPPED
        digest = hashlib.sha256()
        for name, content in sorted(self.changed.items()):
            digest.update(f"{name}\0{len(content)}\0".encode() + content)
        return digest.hexdigest()[:_DIGITS]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RuleFiles) and other.version == self.version

    def __hash__(self) -> int:
        return hash(self.version)

    def read(self, name: str) -> bytes:
        """The file; FileNotFoundError where there is none of that name."""
        return self.changed[name] if name in self.changed else config_path(name).read_bytes()

    def only(self, names: Iterable[str]) -> "RuleFiles":
        """The changes of these files: what a service sees that reads no others."""
        return RuleFiles({name: self.changed[name] for name in names if name in self.changed})

    def stamped(self, version: str) -> str:
        """A file's own version, marked where these are not the files as shipped."""
        return f"{version}+{self.version}" if self.changed else version

    def parsed(self, parsers: Mapping[str, Parse]) -> dict[str, Any]:
        """Each file read by its parser; RulesRefusedError with the faults of all that cannot be used."""
        found: dict[str, Any] = {}
        faults: list[RuleFault] = []
        for name, parse in parsers.items():
            try:
                found[name] = parse(self.read(name))
            except Exception as error:  # noqa: BLE001 - whatever a parser raises, it is this file that cannot be used
                faults.append(fault_of(name, error))
        if faults:
            raise RulesRefusedError(faults)
        return found


def fault_of(name: str, error: Exception) -> RuleFault:
    """The error in words; parsers may have named the file already."""
    bare = isinstance(error, LookupError | TypeError | AttributeError | ArithmeticError)
    text = " ".join((f"{type(error).__name__}: {error}" if bare else str(error)).split())
    for known in (name, name.rpartition("/")[2]):
        text = text.removeprefix(f"{known}: ")
    return RuleFault(name, text)
