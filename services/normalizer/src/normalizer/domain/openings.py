"""Whether two postings are one opening or two, by what they state beside their texts: requisitions and pay."""

import re
from typing import Protocol

from common.contracts import OfferedPay
from normalizer.domain.dedupe_rules import OpeningRules

#: What begins with a digit and may be the end of a requisition.
_NUMBER = re.compile(r"\d[\w/-]{2,24}")
#: What stands before it: `Job ID: `, `Stellen-Nr. DE_RS_`, `Kennziffer: `, `Vacancy number EX-`.
_CALLED = re.compile(
    r"\b(?:(?:req(?:uisition)?|job|posting|position|vacancy|stellen|ausschreibungs|announcement|reference|referenz|ref)"
    r"[ .-]{0,2}(?:id|nr|no|number|nummer|num[eé]ro|code)|kennziffer|kennnummer|referenz|r[eé]f[eé]rence|requisition)\b"
    r"\s?[.:#(–-]{0,2}\s{0,2}(?:[A-Z]{1,8}[-_/.]?){0,3}$", re.IGNORECASE,
)  # fmt: skip
_CALLED_WITHIN = 60
#: The same in a title: `#27013`, `(JP4359)`, `R-0091822`, `REQ 20417`.
_IN_TITLE = re.compile(r"(?:#\s?|\b(?:JR|JP|R|REQ|ID|REF)[-_.: #]{0,2})(?P<id>\d{4,}[\w-]*)", re.IGNORECASE)
#: When a board took the requisition over: `r582-2026_1771432944`.
_TAKEN_AT = re.compile(r"_\d{9,}$")
_THOUSANDS = re.compile(r"(?<=\d)[.,\s'](?=\d{3}(?!\d))")
_AMOUNT = re.compile(r"(?<![\w.])(\d+(?:\.\d+)?)\s?(k\b)?", re.IGNORECASE)
_MARKS = re.compile(r"[\W_]+")
_YEAR = re.compile(r"20\d\d")
#: Characters at the beginning and at the end of a body in which a requisition is named.
_HEAD, _TAIL = 1500, 1000
_LEAST_DIGITS = 4


class Stating(Protocol):
    """A posting, as far as it tells of its opening."""

    @property
    def requisitions(self) -> frozenset[str]:
        """Its numbers, as its employer gives them."""

    @property
    def pay(self) -> OfferedPay | None:
        """As its source states it."""


def requisitions(title: str, body: str) -> frozenset[str]:
    """The numbers of requisitions in a title and at both ends of a body, without marks and the letters before them."""
    named = [match["id"] for match in _IN_TITLE.finditer(title)]
    for text in (title, body[:_HEAD], body[max(_HEAD, len(body) - _TAIL) :]):
        named += (match[0] for match in _NUMBER.finditer(text) if _is_called(text, match.start()))
    plain = (_MARKS.sub("", _TAKEN_AT.sub("", one)).lower().lstrip("abcdefghijklmnopqrstuvwxyz") for one in named)
    return frozenset(one for one in plain if sum(map(str.isdigit, one)) >= _LEAST_DIGITS and not _YEAR.fullmatch(one))


def _is_called(text: str, start: int) -> bool:
    """Whether what begins there is called a requisition."""
    return _CALLED.search(text, max(0, start - _CALLED_WITHIN), start) is not None


def one_requisition(one: Stating, other: Stating) -> bool:
    """Whether both name the same one."""
    return bool(one.requisitions and not one.requisitions.isdisjoint(other.requisitions))


def two_requisitions(one: Stating, other: Stating) -> bool:
    """Whether both name some, and none of them is the same."""
    return bool(one.requisitions and other.requisitions and one.requisitions.isdisjoint(other.requisitions))


def another_pay(one: OfferedPay | None, other: OfferedPay | None, rules: OpeningRules) -> bool:
    """Whether both ends of what they pay, in one currency and for one time, are far apart."""
    if one is None or other is None or (one.currency, one.period) != (other.currency, other.period):
        return False
    ends = zip(_ends(one), _ends(other), strict=False)
    apart = [abs(a - b) > max(a, b) * rules.pay_change for a, b in ends]
    return len(apart) > 1 and all(apart)


def _ends(pay: OfferedPay) -> list[float]:
    """Both amounts, of the text where the source gives them nowhere else; none where one is missing."""
    if pay.minimum or pay.maximum:
        return [float(pay.minimum), float(pay.maximum)] if pay.minimum and pay.maximum else []
    plain = _THOUSANDS.sub("", pay.text or "")
    amounts = [float(amount) * (1000 if thousand else 1) for amount, thousand in _AMOUNT.findall(plain)]
    return amounts if len(amounts) == 2 else []
