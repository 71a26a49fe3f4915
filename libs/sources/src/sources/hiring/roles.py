"""Finds what is hired for: in a header's parts, in a list below it, or in a sentence."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sources.hiring.words import EMPLOYMENT, HYBRID, LEADING, NOUN, OFFER, ONSITE, REMOTE, ROLE, URL, is_place

_MOST = 30
_LONGEST_TITLE, _LONGEST_LINE = 120, 300
_BULLET = re.compile(r"^(?:[-*•–—·▪►◦>+→]+|\d{1,2}[.)])\s*(?=\S)")
_SPLIT = re.compile(r"(\(|\)|\[|\]|,|;|\s&\s|\s\+\s|\s(?:and|or)\s)", re.IGNORECASE)
#: A title ends with its noun, perhaps a grade behind it or a field behind a comma.
_ENDS = re.compile(
    rf"\b{NOUN}(?:\s+(?:[IVX]{{1,3}}|[1-5]|[A-Z]\d))?$|\b{NOUN}(?:,| [-–—]) ?[\w/&+#. -]{{2,40}}$", re.IGNORECASE
)
_ASIDE = re.compile(r"[(\[][^()\[\]]*[)\]]")
_OF_SENTENCES = re.compile(
    r"\b(?:you|your|we|our|us|years?|experience[sd]?|who|is|are|will|have|has|can|this|these|other|that|them|team of"
    r"|work|join)\b",
    re.IGNORECASE,
)
_CLAUSE_END = re.compile(
    r"[.;:!?(\n]|\s(?:to|who|that|with|for|in|at|on|based|across|as|interested|we|you|from|of all)\s", re.IGNORECASE
)
_TRAILING = re.compile(r"(?:\b(?:etc|and more|more|and|or|&)\b|[\s,;:|*_~=/.…&+–—-])+$", re.IGNORECASE)
_LEADING_MARKS = re.compile(r"^(?:[\s,;:|*_~=/.…&+–—>#!-]+|\(?\d{1,2}[.)]\s)+")
#: No end is that of "Sr. Engineer".
_SENTENCE_END = re.compile(r"(?<=[a-z]{3})\.\s")
_FOOTNOTE = re.compile(r"\[\d+\]")
_INNER = re.compile(r"\s+[-–—|:]\s+|:\s+|\s\|\s?|\|")


@dataclass(frozen=True, slots=True)
class Role:
    """One role with what is said of it alone: its places and the address at which to apply."""

    title: str
    places: tuple[str, ...] = ()
    url: str | None = None


def is_role(words: str) -> bool:
    """Whether the words name somebody to be hired, leaving aside what stands in parentheses."""
    return ROLE.search(_ASIDE.sub(" ", words)) is not None


def asides(words: str) -> list[str]:
    """What stands in parentheses."""
    return _ASIDE.findall(words)


def title_of(words: str) -> str:
    """The words as a title: without addresses, articles, numbers of openings and marks around."""
    plain = " ".join(_FOOTNOTE.sub(" ", URL.sub(" ", words)).split())
    plain = _ASIDE.sub(lambda m: "" if _is_condition(m[0]) else m[0], plain)
    plain = LEADING.sub("", _TRAILING.sub("", _LEADING_MARKS.sub("", plain)))
    if plain.count("(") != plain.count(")"):
        plain = plain.rstrip("(") if plain.endswith("(") else plain
    return _TRAILING.sub("", " ".join(plain.split()))[:_LONGEST_TITLE]


def split_titles(words: str) -> list[str]:
    """The titles of a part such as "Data Engineer, Data Scientist"; one title unless each piece names a role."""
    pieces, depth = [""], 0
    for piece in _SPLIT.split(words):
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(piece, 0)
        if depth <= 0 and _SPLIT.fullmatch(piece) and piece not in "()[]":
            pieces.append("")
        else:
            pieces[-1] += piece
    titles = [title for piece in pieces if (title := title_of(piece)) and not _is_condition(title)]
    if len(titles) > 1 and all(is_role(title) and len(title.split()) < 9 for title in titles):
        return list(dict.fromkeys(titles))[:_MOST]
    whole = title_of(words) if len(titles) > 1 else "".join(titles)
    whole = _SENTENCE_END.split(whole)[0]
    return [whole] if whole and not (len(whole.split()) > 7 and _OF_SENTENCES.search(whole)) else []


def listed(lines: Iterable[str], *, bare: bool = False) -> list[Role]:
    """Roles that stand in lines of their own: with a bullet or an address, or with neither if `bare`.

    Behind a line such as "we are looking for:" they need no capitals.
    """
    found: dict[str, Role] = {}
    offered = False
    for line in lines:
        marked = _BULLET.match(line) or URL.search(line)
        if len(line) <= _LONGEST_LINE and (marked or bare) and (role := _in_line(line, offered=offered)):
            found.setdefault(role.title.casefold(), role)
        elif not marked:
            offered = line.endswith((":", "=")) or OFFER.search(line) is not None
    return list(found.values())[:_MOST]


def in_sentences(lines: Iterable[str]) -> list[Role]:
    """Roles of the first sentence such as "we are hiring a data engineer and a designer"."""
    for line in lines:
        for match in OFFER.finditer(line[:2000]):
            if offered := clause_of(line[match.end() :]):
                return [Role(title) for title in split_titles(offered)]
    return []


def clause_of(words: str) -> str | None:
    """What is hired for at the beginning of the words, up to the last role before the clause ends."""
    clause = _CLAUSE_END.split(words[:200], maxsplit=1)[0]
    ends = [role.end() for role in ROLE.finditer(clause)]
    return clause[: ends[-1]] if ends and len(clause[: ends[-1]].split()) <= 12 else None


def places_in(words: str) -> list[str]:
    """The pieces of the words that are names of places."""
    pieces = (piece.strip() for piece in re.split(r"[,;/&|]|\s(?:or|and)\s|\s[-–—]\s", words))
    return [piece for piece in pieces if piece and is_place(piece)]


def _in_line(line: str, *, offered: bool) -> Role | None:
    address = URL.search(line)
    head, *others = _pieces(_BULLET.sub("", URL.sub(" ", line)).strip())
    asides = [aside.strip("()[] ") for aside in _ASIDE.findall(head)]
    title = title_of(head)
    if not title or not _is_title(_ASIDE.sub("", title).strip(), offered=offered):
        return None
    places = next((words for words in (*asides, *others) if places_in(words) and len(words) <= 60), None)
    if places in asides:
        title = title_of(_ASIDE.sub(lambda m: "" if m[0].strip("()[] ") == places else m[0], title))
    return Role(title, (places,) if places else (), address[0] if address else None)


def _pieces(words: str) -> list[str]:
    """The words cut at dashes, bars and colons, as long as what stands before names a role."""
    for match in _INNER.finditer(words):
        if is_role(words[: match.start()]):
            return [words[: match.start()], *(part.strip() for part in _INNER.split(words[match.end() :]))]
    return [words]


def _is_title(words: str, *, offered: bool) -> bool:
    """Whether a line is a title and no sentence in which one occurs."""
    parts = words.split()
    if not 1 <= len(parts) <= 9 or ":" in words or _OF_SENTENCES.search(words) or not _ENDS.search(words):
        return False
    written = [part for part in parts if part[0].isalpha() and part.lower() not in {"and", "of", "for", "or", "the"}]
    capital = sum(part[0].isupper() for part in written)
    return bool(written) and (offered or capital * 2 > len(written) or (words[0].isupper() and len(parts) <= 3))


def _is_condition(aside: str) -> bool:
    """Whether a parenthesis says how, not what: "(remote)", "(full-time, contract)"."""
    left = aside
    for pattern in (EMPLOYMENT, REMOTE, ONSITE, HYBRID):
        left = pattern.sub("", left)
    return left != aside and not re.sub(r"[\W_]|\b(?:or|and|only|ok)\b", "", left)


def unique(roles: Iterable[Role]) -> Iterator[Role]:
    """Each title once."""
    seen = set()
    for role in roles:
        if role.title.casefold() not in seen:
            seen.add(role.title.casefold())
            yield role
