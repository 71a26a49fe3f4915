"""A posting as duplicates are looked for: keys by which others are found, and the text that is compared."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from common.contracts import OfferedPay
from normalizer.domain.company_key import CompanyKeys
from normalizer.domain.dedupe_rules import DedupeRules
from normalizer.domain.openings import requisitions
from normalizer.domain.other_names import skeleton
from normalizer.domain.place_key import PlaceKey, place_key
from normalizer.domain.similarity import Text, text_of
from normalizer.domain.title_key import title_key, without_town
from sources.companies.names import CompanyNames

#: Letters that a feed wrote as escapes and a board without their backslash: `Ku00fcnstliche`, `lifeu2019s`.
_ESCAPED = re.compile(r"u(00[89a-f][\da-f]|20[0-2][\da-f])")


@dataclass(frozen=True)
class Listing:
    """A posting as duplicates are looked for. `reference` names it; `day`: of publication; `pay`: as stated."""

    reference: str
    source: str
    company: str
    title: str
    places: PlaceKey
    text: Text
    day: date | None = None
    company_key: str = ""
    brand: str = ""
    agency: bool = False
    title_key: str = ""
    role: str = ""
    body: str = ""
    pay: OfferedPay | None = None

    @cached_property
    def requisitions(self) -> frozenset[str]:
        """The numbers that the employer gives to what it seeks."""
        return requisitions(self.title, self.body)

    @property
    def block(self) -> tuple[str, str]:
        """Postings of one block are compared: one brand, one role as far as typing errors and towns leave it."""
        return self.brand.replace(" ", ""), self.role

    @property
    def text_block(self) -> str:
        """Postings of one text block are compared too, whatever they call the company."""
        return f"{self.text.sketch}|{self.role}"

    @property
    def twins(self) -> tuple[bytes, frozenset[str], str, str]:
        """The same for postings of one company, title, text and place: one of them is enough."""
        return self.text.digest, self.places.words, self.company_key, self.title_key

    @cached_property
    def block_id(self) -> str:
        """The block as 32 hex digits."""
        return _id(*self.block)

    @cached_property
    def text_block_id(self) -> str:
        """The text block as 32 hex digits."""
        return _id(self.text_block)

    @property
    def text_lock_id(self) -> str:
        """The part of the text block, as 32 hex digits, in which nearly all names of one company are."""
        return _id(*self.text_block, self.brand[:1])

    @cached_property
    def fingerprint(self) -> str:
        """The twins as 32 hex digits."""
        digest, words, company, title = self.twins
        return _id(digest.hex(), company, title, *sorted(words))


def _id(*told: str) -> str:
    return hashlib.md5("|".join(told).encode(errors="replace"), usedforsecurity=False).hexdigest()


def _written_out(text: str) -> str:
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text) if "u00" in text or "u20" in text else text


class Reader:
    """Prepares postings for comparison."""

    def __init__(self, rules: DedupeRules, names: CompanyNames) -> None:
        self.rules = rules
        self._keys = CompanyKeys(names, rules.company)

    def listing(
        self, reference: str, source: str, company: str | None, title: str, places: Sequence[str], body: str, *,
        day: date | None = None, cut: bool = False, pay: OfferedPay | None = None,
    ) -> Listing:  # fmt: skip
        """A posting with its keys; `cut`: the source is known to cut off bodies."""
        company, title, body = _written_out(company or ""), _written_out(title), _written_out(body)
        key = self._keys.company(company)
        where = place_key(tuple(places), self.rules.place_noise)
        named, shorter = title_key(title, where, self.rules.title, key), without_town(title, where)
        role = named if shorter == title else title_key(shorter, where, self.rules.title, key)
        return Listing(
            reference=reference, source=source, company=company, title=title, places=where,
            text=text_of(body, self.rules, cut=cut), day=day, company_key=key, brand=self._keys.brand(key),
            agency=self._keys.is_agency(key), title_key=named, role=skeleton(role), body=body, pay=pay,
        )  # fmt: skip
