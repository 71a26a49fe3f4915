"""Sorts out the header of an advertisement: which part is the company, which a role, a place, pay, a condition."""

import re
from dataclasses import dataclass

from sources.hiring.roles import clause_of, is_role, places_in
from sources.hiring.words import DOMAIN, EMPLOYMENT, FIELD, HIRING, HYBRID, ONSITE, PAY, REMOTE, URL, VISA, is_place

_LONGEST_HEADER, _LONGEST_COMPANY = 700, 100
#: What divides a header, the most telling first.
_DIVIDERS = (r"\s*\|+\s*", r"\s*[•·]\s*", r"\s+[–—]+\s+", r"\s+-+\s+", r"\s*;\s*")
_ASIDE = re.compile(r"\s*[(\[][^()\[\]]*[)\]]\s*")
_LABELLED = re.compile(
    r"^[\s*_-]*(?:job |employment )?(company|employer|locations?|remote|roles?|positions?|title|job|type|employment"
    r"|salary|compensation|pay|website|url|web|link|apply|contract)\s*[:=]\s*(.*\S)",
    re.IGNORECASE,
)
_MEANING = {
    "company": "company employer", "place": "location locations", "remote": "remote", "pay": "salary compensation pay",
    "role": "role roles position positions title job", "type": "type employment contract",
    "url": "website url web link apply",
}  # fmt: skip
_LABELS = {label: name for name, labels in _MEANING.items() for label in labels.split()}
_PRONOUN = re.compile(
    r"(?:we|i|you|this|that|there|it|what|here|our|are|at|my|if|anyone|who|hiring|hi|hello)\b", re.IGNORECASE
)
_INTERN = re.compile(r"intern(?:ship)?s?", re.IGNORECASE)
_AT_COMPANY = re.compile(r"\b(?:At|About|Here at) ((?:[A-Z][\w.&-]{0,30}\s?){1,3}?)(?:,? (?:we|our)\b|$)")
_AT = re.compile(r"\s+(?:@|at)\s+|\s*@\s*")
#: What may stand beside "remote" or "full time" without saying more.
_CONNECTING = re.compile(
    r"\b(?:only|preferred|ok|okay|possible|friendly|or|and|in|the|with|within|for|from|based|considered|available|either"
    r"|also|fully|mostly|we|to|of|full|part|time|some|offered|multiple|optional|partially|week|days?|per|first|required"
    r"|no|not)\b|[\W\d_]+",
    re.IGNORECASE,
)


@dataclass(slots=True)
class Parts:
    """A header sorted out: `others` are all parts but company and roles, `fields` those that stand for roles."""

    company: str | None
    roles: list[str]
    fields: list[str]
    places: list[str]
    others: list[str]
    links: list[str]
    pay: str | None
    divided: bool


def header_of(lines: list[str]) -> tuple[str, list[str]]:
    """Header and body: the header is the first line, with those behind it that bars make part of it."""
    if not lines:
        return "", []
    header, at = lines[0], 1
    while at < min(len(lines), 6):
        divided, words = "|" in header, len(header.split())
        goes_on = header.endswith("|") or lines[at].startswith("|") or lines[at].count("|") > divided
        if not goes_on or words > (60 if divided else 6):
            break
        header, at = f"{header.rstrip('| ')} | {lines[at].lstrip('| ')}", at + 1
    return header[:_LONGEST_HEADER], lines[at:]


def parts_of(header: str, lines: list[str]) -> Parts:
    """The parts of the header, or of the labelled lines of an advertisement without one."""
    return _labelled(lines) or _divided(header)


def _labelled(lines: list[str]) -> Parts | None:
    """An advertisement written as "Company: …", "Location: …" and so on."""
    said: dict[str, list[str]] = {}
    for match in filter(None, map(_LABELLED.match, lines[:12])):
        said.setdefault(_LABELS[match[1].lower()], []).append(match[2][:300])
    if "company" not in said:
        return None
    links = [address for values in said.values() for value in values for address in _addresses(value)]
    remote = [f"remote {words}" for words in said.get("remote", []) if words[:2].lower() != "no"]
    others = remote + said.get("type", []) + said.get("place", [])
    return Parts(
        _name(said["company"][0]), said.get("role", []), [], said.get("place", []), others, links,
        next(iter(said.get("pay", [])), None), divided=True,
    )  # fmt: skip


def _divided(header: str) -> Parts:
    """The parts of a header, each told by its words."""
    segments = _segments(header.strip("*_ "))
    first, rest = segments[0] if segments else "", segments[1:]
    parts = Parts(None, [], [], [], [], _addresses(header), None, divided=bool(rest))
    unknown: list[str] = []
    turned = bool(rest) and _leads(first, rest)
    for segment in segments if turned else rest:
        _sort(segment, parts, unknown)
    if turned:
        parts.company = _company_elsewhere(first, parts, unknown)
    else:
        parts.company, said = _company(first, divided=bool(rest))
        if said:
            _sort(said, parts, unknown)
        elif not rest and parts.company is None and is_role(first) and len(first.split()) <= 9:
            parts.roles.append(first)
    if not parts.places and unknown and parts.company not in unknown:
        parts.places += [unknown[0]] if re.fullmatch(r"[A-Z][\w.'’-]+(?:[ ,]+[A-Z][\w.'’-]*){0,3}", unknown[0]) else []
    return parts


def _segments(header: str) -> list[str]:
    for divider in _DIVIDERS:
        found = [part for part in re.split(divider, header) if part.strip("*_ ")]
        if len(found) > 1:
            return found
    return [header] if header else []


def _leads(first: str, rest: list[str]) -> bool:
    """Whether a header begins with a role or a place, not with the company."""
    if HIRING.search(first):
        return False
    plain = _ASIDE.sub(" ", _AT.split(first)[0]).strip()
    role = is_role(plain) and not any(is_role(part) for part in rest) and len(plain.split()) > 1
    pieces = [piece.strip() for piece in plain.split(",")]
    return role or all(is_place(piece) for piece in pieces)


def _company_elsewhere(first: str, parts: Parts, unknown: list[str]) -> str | None:
    at = _AT.split(first, maxsplit=1)
    if len(at) == 2 and (name := _name(at[1])):
        parts.roles = [at[0] if role == first else role for role in parts.roles]
        return name
    dashed = [place.split(" – ")[0] for place in parts.places if " – " in place and not is_place(place.split(" – ")[0])]
    return next((_name(words) for words in [*unknown, *dashed]), None if is_role(first) else _name(first))


def _company(first: str, *, divided: bool) -> tuple[str | None, str | None]:
    """The company that the first part names, and what else it says behind a dash, a comma or "is hiring"."""
    first = re.sub(r"^[(\[][^()\[\]]*[)\]]\s*", "", first.strip("*_ "))
    for hiring in HIRING.finditer(first):
        before = re.split(r"[.!?]\s", first[: hiring.start()])[-1]
        name = _name(re.split(r", (?!Inc|LLC|Ltd|Corp|GmbH)", before)[0])
        if name and name[0].isupper() and not _PRONOUN.match(name):
            return name, clause_of(first[hiring.end() :]) or first[hiring.end() :]
    name, dash, said = [*re.split(r"(\s+[-–—:]+\s+|:\s+)", first, maxsplit=1), "", ""][:3]
    if dash and divided:
        return _name(name), said
    if divided:
        return _name(first), None
    name, comma, said = first.partition(", ")
    clear = comma and len(first) <= 120 and (is_place(said.split(" ")[0]) or places_in(said) or is_role(said))
    return (_name(name), said) if clear else (_undivided(first), None)


def company_in(lines: list[str]) -> str | None:
    """The company that the first lines name: "At Acme, we build", "Acme is hiring"."""
    for line in lines:
        if named := _AT_COMPANY.search(line):
            return _name(named[1])
        if line[:1].isupper() and HIRING.search(line[:120]) and (name := _company(line, divided=False)[0]):
            return name
    return None


def _undivided(line: str) -> str | None:
    """The company of a line that is its name alone, perhaps with an address, or a sentence "Acme is …"."""
    name, verb, _ = line.partition(" (http" if " (http" in line else " is ")
    plain = _name(name)
    short = plain is not None and len(plain.split()) <= 4 and plain[0].isupper() and not _PRONOUN.match(plain)
    alone = not verb and not is_role(line) and not line.rstrip().endswith((".", "!", "?"))
    return plain if short and (verb or alone) else None


def _name(words: str) -> str | None:
    """A company's name, without addresses and asides; None if too long for one."""
    plain = _ASIDE.sub(" ", URL.sub(" ", words.split("(http")[0])).strip(" *_,:;-–—|/")
    plain = " ".join(plain.split())
    return plain if 0 < len(plain) <= _LONGEST_COMPANY and len(plain.split()) <= 10 else None


def _sort(segment: str, parts: Parts, unknown: list[str]) -> None:
    plain = DOMAIN.sub(" ", URL.sub(" ", segment)).strip(" ,;:-*_")
    if not plain:
        return
    rest = plain
    for pattern in (EMPLOYMENT, REMOTE, ONSITE, HYBRID, VISA):
        rest = pattern.sub(" ", rest)
    is_condition, left = rest != plain, _CONNECTING.sub(" ", rest).strip()
    known = any(places_in(words) for words in (rest, _ASIDE.sub(" ", rest), *_ASIDE.findall(rest)))
    named = is_role(plain) and ((left and not known) or _INTERN.fullmatch(plain))
    if (is_role(rest) or named) and not PAY.match(plain):
        parts.roles.append(segment)
        return
    parts.others.append(segment)
    if PAY.search(plain):
        parts.pay = parts.pay or plain
    elif known or (is_condition and left and re.search(r"\b(?:in|from|based)\s+[A-Z]|\([A-Z]", plain)):
        parts.places.append(" ".join(VISA.sub(" ", EMPLOYMENT.sub(" ", plain)).split()).strip(" ,;:-/&|"))
    elif is_condition and not left:
        return
    elif FIELD.search(plain):
        parts.fields.append(plain)
    elif not is_condition:
        unknown.append(plain)


def _addresses(words: str) -> list[str]:
    found = URL.findall(words)
    return found + [f"https://{m[0].rstrip('.,;)')}" for m in DOMAIN.finditer(URL.sub(" ", words))]


def is_home(link: str) -> bool:
    return link.split("://", 1)[-1].split("?")[0].rstrip("/").count("/") == 0
