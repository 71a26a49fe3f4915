"""Which company a name or an address means: without legal forms, articles and the labels of career sites."""

import hashlib
import re
from functools import lru_cache
from urllib.parse import urlsplit

from sources.companies.rules import NameRules
from sources.folding import normalise

_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_GERMAN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"})
_HOST = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+")


class CompanyNames:
    """Reads names and addresses of employers."""

    def __init__(self, rules: NameRules) -> None:
        self._forms = {tuple(normalise(form).split()) for form in rules.legal_forms}
        self._longest_form = max(map(len, self._forms), default=0)
        self._nameless = {normalise(name) for name in rules.nameless}
        self._labels = frozenset(rules.host_labels)
        self._shared = tuple(f".{host}" for host in rules.shared_hosts)
        self.key = lru_cache(maxsize=16384)(self._key)

    def core(self, name: str) -> str:
        """The words that tell the company apart, folded: `The Home Depot, Inc.` gives `home depot`."""
        words = normalise(name).split()
        if len(words) > 1 and words[0] == "the":
            del words[0]
        while length := self._form_at_end(words):
            del words[-length:]
        return " ".join(words)

    def spellings(self, name: str) -> set[str]:
        """The core as written, without what stands in brackets, and with ä, ö, ü as ae, oe, ue."""
        plain = _BRACKETS.sub(" ", name)
        return {core for each in (name, plain) for s in (each, each.translate(_GERMAN)) if (core := self.core(s))}

    def domain(self, url: str | None) -> str | None:
        """The company's own host without `www` and the like; None for none, or one that many companies share."""
        if not url:
            return None
        try:
            host = (urlsplit(url if "//" in url else f"//{url}").hostname or "").rstrip(".").lower()
        except ValueError:  # such as an unclosed [ in the host
            return None
        labels = host.split(".")
        while len(labels) > 2 and labels[0] in self._labels:
            del labels[0]
        host = ".".join(labels)
        return host if _HOST.fullmatch(host) and not f".{host}".endswith(self._shared) else None

    def _key(self, name: str, url: str | None) -> str | None:
        """32 hex digits that stand for the employer, the same for all spellings; None where the name names nobody.

        Two employers of one name are told apart by their domains. Frozen: a change asks for all companies anew.
        """
        core = self.core(name)
        if not core or core in self._nameless:
            return None
        return hashlib.md5(f"{core}|{self.domain(url) or ''}".encode(), usedforsecurity=False).hexdigest()

    def _form_at_end(self, words: list[str]) -> int:
        """Words of the longest legal form at the end; the last word left is never one."""
        longest = min(self._longest_form, len(words) - 1)
        return next((n for n in range(longest, 0, -1) if tuple(words[-n:]) in self._forms), 0)
