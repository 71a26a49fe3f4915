"""Reads one advertisement: a header "Company | Role | Place | REMOTE | pay | address" and free text below it."""

import html
import re
from dataclasses import dataclass

from sources.hiring.header import Parts, company_in, header_of, is_home, parts_of
from sources.hiring.roles import Role, asides, in_sentences, listed, split_titles, unique
from sources.hiring.words import EMPLOYMENT, HYBRID, ONSITE, REMOTE, URL

_BREAK = re.compile(r"<(?:p|/p|pre|/pre|br|br/|li|/li)\b[^>]*>", re.IGNORECASE)
_LINK = re.compile(r"<a\s[^<>]*?href=\"([^\"<>]*)\"[^<>]*>[^<]*</a>", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>")
#: What an advertisement says further down is no title and no place.
_READ = 20_000
_APPLY = re.compile(
    r"job|career|apply|hiring|position|greenhouse|lever\.co|ashby|workable|recruitee|breezy|smartrecruiters|bamboo"
    r"|teamtailor|personio|angel\.co|wellfound|workatastartup|join|work-?with|vacanc|opening|roles",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Advert:
    """What an advertisement says; texts are its own words, `remote` and `types` its telling ones."""

    header: str
    company: str | None
    company_url: str | None
    roles: tuple[Role, ...]
    places: tuple[str, ...]
    remote: str | None
    types: tuple[str, ...]
    pay: str | None
    apply_url: str | None


def read(markup: str) -> Advert:
    """The advertisement in a comment's HTML; what it does not say, or not clearly, stays empty."""
    lines = _lines(markup[:_READ])
    header, body = header_of(lines)
    parts = parts_of(header, lines)
    roles = _roles(parts, header, body)
    conditions = " | ".join([*asides(" ".join(parts.roles)), *parts.others, *([] if parts.divided else [header])])
    links = [*parts.links, *(address for line in body for address in URL.findall(line))]
    home = next((link for link in parts.links if is_home(link)), None)
    return Advert(
        header=header,
        company=parts.company or company_in(body[:6]),
        company_url=home,
        roles=tuple(roles),
        places=tuple(parts.places),
        remote=_remote(conditions),
        types=tuple(dict.fromkeys(_even(m[0]) for m in EMPLOYMENT.finditer(conditions))),
        pay=parts.pay,
        apply_url=next((x for x in links if not is_home(x) and _APPLY.search(x)), None)
        or next((link for link in parts.links if not is_home(link)), None),
    )


def _lines(markup: str) -> list[str]:
    text = _TAG.sub("", _LINK.sub(r" \1 ", _BREAK.sub("\n", markup)))
    return [line for part in html.unescape(text).split("\n") if (line := " ".join(part.split()))]


def _roles(parts: Parts, header: str, body: list[str]) -> list[Role]:
    """The header's roles, or those of a list below it where that has more."""
    named = list(unique(Role(title) for words in parts.roles for title in split_titles(words)))
    below = listed(body)
    if len(below) > 1 and len(below) >= len(named):
        return below
    if below and not named:
        return below
    if not named and (bare := listed(body, bare=True)):
        return bare
    said = named or in_sentences([header, *body[:25]])
    return said or [Role(words.strip("*_ ")[:120]) for words in parts.fields[:1]]


def _remote(words: str) -> str | None:
    """Hybrid is the more careful reading where both are said; a choice of remote or on site is remote."""
    if HYBRID.search(words):
        return "hybrid"
    if REMOTE.search(words):
        return "remote"
    return "onsite" if ONSITE.search(words) else None


def _even(word: str) -> str:
    return " ".join(word.replace("-", " ").lower().split())
