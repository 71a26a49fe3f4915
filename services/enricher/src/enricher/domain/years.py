"""Years of experience that a posting asks for, told from ages, histories of firms and terms of contracts."""

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import chain
from typing import NamedTuple

from ahocorasick_rs import AhoCorasick

from enricher.domain.evidence import Evidence, from_span
from enricher.domain.needs import Sections
from enricher.domain.rules import YearsRules
from enricher.domain.scanner import Mention, Phrase
from enricher.domain.text import Text
from enricher.domain.wording import WordsPattern, last_word, last_words

#: Bytes looked at before the number and behind the unit.
_BEFORE, _BEHIND = 90, 110
#: Characters within which experience must be named, before the number and behind the unit.
_NAMED_BEFORE, _NAMED_BEHIND = 55, 80
#: Statements that are judged, at most: a text that is one endless list of years must not hold up a batch.
_MOST = 60
#: A backslash comes from Markdown ("1\\-4 years").
_BETWEEN_TWO, _AND = r"(?:between|zwischen|entre|tussen)", r"(?:and|und|et|y|e|en|to|à|bis|-|–)"
_JOINS = r"(?:\\?-|â\x80\x93|–|—|−|~|/|to|or|and|bis|oder|tot|à|ou|a|o|y|e|until)"
#: Behind a number with a plus or a bound: what the years were spent in.
_SPENT = re.compile(
    r"[\s’'`.)]*(?:\+\s*)?(?:in|of|as|with|within|across|on|im|als|en|dans|comme|como|de|d['’]|\w+ing|\w+al|\w+[ai]ndo|\w+[áé]ndote)\b"
)
#: "In business" and "strong" end what a firm says of itself, but go on as what a candidate did: "6 years in business
#: analysis", "8 years - strong experience in …".
_BUSINESS_OF = re.compile(
    r"in business (?!(?:and|with|as|we|our|the|in|on|for|at|to|but)\b)\w"
    r"|strong (?:[\w/+#-]+ ){0,3}(?:experience|expertise|background|knowledge)"
)
#: "Acme has 20 years of experience": who has them by name.
_NAMED_HAS = re.compile(
    rb"\b(?!Candidate|Applicant|Individual|Person|Professional|Analyst|Engineer|Who|One|Someone|Incumbent|You|This|That)"
    rb"[A-Z][\w.&-]+ has\s+$"
)
#: Behind a skill and its years: "Java: 3 years (Required)".
_IN_BRACKETS = re.compile(r"\s?\((?:required|preferred|erforderlich|exigé|requis|requerido|deseable)\)")
#: Behind years whose sentence wishes for a degree: "6 years of …, advanced degree preferred".
_WISH_BEHIND = 170
_DEGREE_WISH = re.compile(
    r"[^.;\n]*?\b(?:degree|certification|mba|ph\.?d|bachelor\S*|master\S*)\b"
    r"[^.;,\n]*?\b(?:preferred|a plus|desired|desirable)"
)
#: Where a line break was lost before a number in words: "QualificationsTwo years"; bytes looked at.
_GLUED = re.compile(rb"[a-z)](?=(?:One|Two|Three|Four|Five|Six|Seven|Eight|Ten)(?: or more)? $)")
_GLUED_REACH = 16
#: Before years that the employer has, as in "with 12 years of experience our team guides you".
_WITH = last_words(("with", "mit", "avec", "con"))
_AFTER = last_words(("nach", "mit", "dank", "durch", "avec", "con", "with"))
#: Experience "for at least 6 years".
_FOR = re.compile(
    r"^(?!.*(?:licen[cs]e|permit|permis|resident|lived|driven|insur|clearance|warrant)).*(?<!\w)for[\s~(]*$"
)
#: The same in German, where "since" says it: "Sie sind seit mindestens 4 Jahren als … tätig".
_SINCE = re.compile(r"(?<!\w)(?:sie|du)\s(?:[\w-]+\s){0,4}seit[\s~(]*$")
_DEADLINE = re.compile(r"(?<!\w)in\s*$")
#: What may stand before years in the line below a heading that says whose they are; that heading.
_NEED = re.compile(r"\W*(?:(?:preferred|required|minimum|desired)\W*)?")
_HEADING, _HEADINGS = "experience ", (b"experience", "expérience".encode(), b"experiencia", b"erfahrung")
#: A degree before "plus 3 years".
_DEGREE_PLUS = re.compile(r"(?:degree|bachelor|master|diploma|ph\.?d)\S*\W+plus\s*$")
#: Signs before a number that make it a bound; what may stand before a statement that has its line for itself.
_BOUND_SIGNS, _BULLETS = frozenset("≥>+"), " \t•*-–·>"
#: The number behind its name: "Minimum years of experience: 4"; bytes looked at for its colon.
_LABEL = 40
_LABELLED = re.compile(
    r"(?P<name>[^:\d]*):\s*(?P<from>\d{1,2})(?!\d|[.,]\d)\s*(?P<plus>\+)?(?:\s*(?:-|–|to|à|a|bis)\s*(?P<to>\d{1,2})(?!\d))?"
)
#: A word between two blanks, read backwards; and words that may stand between number and unit.
_PLAIN = re.compile(rb" ([a-z]+) ")
_FILLS = r"(?:or more|full|volle|good|solid|plus)"
_LETTERS = re.compile(r"[^\W\d_]+")
_MORE = "or more"
_BETWEEN = frozenset(_LETTERS.findall(_FILLS)) - {"or"}
_NUMBER, _WORD = 60, 20
#: Characters before a number that the expression looks at.
_LOOKS_BACK = 4
_ABBREVIATED = frozenset({"yrs", "yr"})
_PLUS = re.compile(
    r"[\s’'`]*(?:\+|plus\b|or (?:more|longer)\b|and (?:above|up)\b|[oy] más\b|(?:ou|et) plus\b"
    r"|(?:und|oder) (?:mehr|länger)\b|minimum\b|mínimo\b|mindestens\b)"
)


class Years(NamedTuple):
    """Years asked for; `minimum` or `maximum` is None where that side is open."""

    minimum: int | None
    maximum: int | None


#: No experience is asked for, in words that need not name it ("Débutants bienvenus").
_NONE = Years(0, 0)


class _Stated(NamedTuple):
    years: Years
    start: int
    end: int
    rule: str
    preferred: bool


class YearsReader:
    """The words of `config/taxonomy/years.yml`, ready to be asked."""

    def __init__(self, rules: YearsRules) -> None:
        self._rules = rules
        self._numbers = {**rules.numbers, **{str(n): n for n in range(51)}}
        number = "(?:" + "|".join([r"\d{1,2}(?:[.,]5)?", *sorted(rules.numbers, key=len, reverse=True)]) + ")"
        # "five (5) years", "three to five (3-5) years"
        again = rf"\s*\(\s*{number}\s*(?:\+|(?:-|–|to)\s*{number})?\s*\)"
        low, high = "|".join(map(re.escape, rules.at_least)), "|".join(map(re.escape, rules.at_most))
        units = "|".join(sorted(map(re.escape, rules.units), key=len, reverse=True))
        self._amount = re.compile(
            rf"(?:(?<![\w.,$€£%/])|(?<=[a-z]{{3}})(?=\d)|(?<=[a-z]{{3}}[.;:)])(?=\d|[a-z]))(?:(?P<least>{low})\s*|(?P<most>{high})\s*|(?P<between>{_BETWEEN_TWO})\s*)?(?P<sign>[~≥>+(]\s*)?(?P<from>{number})"
            rf"(?P<plus>\s*(?:\\?\+|plus\b))?(?:\s*\))?(?:{again}(?P<plus3>\s*\+)?)?"
            rf"(?:\s*(?P<join>(?(between){_AND}|{_JOINS}))\s*(?P<to>{number})(?P<plus2>\s*\\?\+)?(?:{again})?)?"
            rf"(?:\s*(?P<fill>{_FILLS}))?[\s *-]*(?:{units})$"
        )
        # Few numbers of years are written in many ways.
        self._search = lru_cache(maxsize=4096)(self._amount.search)
        said = chain(rules.numbers, rules.at_least, rules.at_most, rules.units, (_BETWEEN_TWO, _AND, _JOINS, _FILLS))
        self._own = frozenset(word[::-1] for words in said for word in _LETTERS.findall(words))
        self._names_experience = AhoCorasick(rules.experience).find_matches_as_indexes
        self._never_before, self._asked_before = map(last_words, (rules.not_before, rules.asked_before))
        self._never_behind = WordsPattern(rules.not_behind)
        self._others = WordsPattern(rules.others)
        self._others_behind = re.compile(
            rf"[\w\s’']{{0,25}}(?:{'|'.join(map(re.escape, rules.experience))})"
            rf"\W{{1,3}}(?:[\w-]+\s)?(?:{self._others.pattern})"
        )
        self._soft = frozenset(rules.soft)
        self._held = WordsPattern(rules.held)

    def phrases(self) -> Iterator[Phrase]:
        """What the scanner shall look for."""
        yield from (Phrase(words, "years", None, bounded=False) for words in self._rules.stops)
        yield from (Phrase(words, "years", Years(*years)) for words, years in self._rules.worded.items())

    def read(self, text: Text, mentions: list[Mention], sections: Sections) -> tuple[Years | None, Evidence | None]:
        """The first statement in numbers, a required one before a preferred one, else the first in words."""
        numbers: list[_Stated] = []
        words: list[_Stated] = []
        for mention in mentions[:_MOST]:
            if mention.value is None:
                if found := self._in_numbers(text, mention, sections):
                    numbers.append(found)
                    if not found.preferred:
                        break
            elif not words and (found := self._in_words(text, mention)):
                words.append(found)
        first = next((s for s in numbers if not s.preferred), None) or next(iter(numbers or words), None)
        if first is None:
            return None, None
        low, high = first.years
        shown = f"{'' if low is None else low}-{'' if high is None else high}"
        return first.years, from_span(text, first.start, first.end, field="years", value=shown, rule=first.rule)

    def _in_numbers(self, text: Text, mention: Mention, sections: Sections) -> _Stated | None:
        unit = text.low[mention.start : mention.end].decode(errors="ignore")
        # Most years are no number of years: sentence and long expression are for those only.
        says = " " in unit or unit[0].isdigit()
        if not says and self._is_plain(text.raw[mention.start - _WORD if mention.start > _WORD else 0 : mention.start]):
            return None
        before = text.before(mention.start, _BEFORE)
        if not says and (glued := _GLUED.search(text.raw, max(0, mention.start - _GLUED_REACH), mention.start)):
            before = text.low[glued.end() : mention.start].decode()
        says = says or self._follows_number(before)
        match = self._amount_in(before[-_NUMBER:], unit) if says else None
        if match is None:
            labels = text.low.find(b":", mention.end, mention.end + _LABEL) >= 0
            return self._labelled(text, mention, before) if labels else None
        if text.low[mention.end : mention.end + 1].isalnum() and not text.raw[mention.end : mention.end + 1].isupper():
            return None
        # "5 yrs. in sales": the point ends no sentence.
        pointed = unit in _ABBREVIATED and text.low[mention.end : mention.end + 1] == b"."
        behind = text.behind(mention.end + pointed, _BEHIND)
        head = before[: len(before) - (match.end() - match.start() - len(unit))]
        start = mention.end - len(match.group().encode())
        listed = not head.strip(_BULLETS) and sections.under(start) == "required"
        named = bool(_NAMED_HAS.search(text.raw, max(0, start - _NAMED_BEFORE), start))
        head = _HEADING if _NEED.fullmatch(head) and _is_under_experience(text, start) else head
        asked = self._is_asked(match, head, behind, listed=listed, named=named) or (
            head.rstrip().endswith(":") and _IN_BRACKETS.match(behind)
        )
        if not asked:
            return None
        preferred = sections.need(start, mention.end) == "preferred" and not (
            _DEGREE_WISH.match(text.behind(mention.end, _WISH_BEHIND)) and sections.under(start) != "preferred"
        )
        years = self._years(match, behind)
        return years and _Stated(years, start, mention.end, "years.stated", preferred)

    def _labelled(self, text: Text, mention: Mention, before: str) -> _Stated | None:
        """A number behind its name: "Years of experience: 3-5"."""
        match = _LABELLED.match(text.behind(mention.end, _BEHIND))
        if match is None or not self._names_experience(f"{before[-_WORD:]} {match['name']}"):
            return None
        low, high = int(match["from"]), int(match["to"]) if match["to"] else None
        if low > self._rules.most or (high is not None and high < low):
            return None
        end = mention.end + text.low[mention.end :].find(match.group()[-1:].encode(), match.start("from"))
        return _Stated(Years(low, high), mention.start, end + 1, "years.labelled", preferred=False)

    def _years(self, match: re.Match[str], behind: str) -> Years | None:
        low, high = self._number(match["from"]), self._number(match["to"]) if match["to"] else None
        if match["most"] and high is None:
            return Years(None, low)
        if match["between"] and high is not None:
            return Years(low, high) if low <= high else None
        if high is not None and not match["plus2"] and match["join"] not in {"or", "and", "oder", "ou", "o", "y"}:
            return Years(low, high) if low <= high else None
        return Years(low, None)

    def _number(self, words: str) -> int:
        return self._numbers.get(words) or int(float(words.replace(",", ".")) if words[0].isdigit() else 0)

    def _is_asked(self, match: re.Match[str], head: str, behind: str, *, listed: bool, named: bool) -> bool:
        """Whether the years are asked of the candidate: experience is named near, or the form says as much.

        `listed`: the statement begins a line under a heading of what is required; `named`: somebody has them by name.
        """
        soft = match["least"] in self._soft
        backwards = head[::-1]
        never = self._never_before.match(backwards) and not self._asked_before.match(backwards)
        more = _PLUS.match(behind)
        firm = bool(match["least"] or more) and not soft
        held = bool(match["least"] or more) and bool(self._held.search(head))
        # "worked as a fitter for at least 6 years", not "for over 20 years".
        if never and firm and (self._has_spent(head) or (_SINCE.search(head) and _SPENT.match(_PLUS.sub("", behind)))):
            return True
        never = never or bool(not firm and _WITH.match(backwards) and self._others_behind.match(behind))
        ends = behind.lstrip(" ’'`-–")
        if never or (self._never_behind.match(ends) and not _BUSINESS_OF.match(ends)):
            return False
        signed = (
            bool(match["plus"] or match["plus3"] or _DEGREE_PLUS.search(head))
            or (match["sign"] or "")[:1] in _BOUND_SIGNS
        )
        bound = signed or bool(match["plus2"] or more or match["fill"] == _MORE or match["to"])
        bound = bound or bool((match["least"] or match["most"]) and not soft)
        value = self._number(match["from"])
        if value > self._rules.most or (soft and value > self._rules.most_soft):
            return False
        if not bound and not (soft and held) and (named or self._is_of_others(head)):
            return False
        if self._names_experience(f"{match.group()[-4:]} {behind[:_NAMED_BEHIND]}"):
            return True
        deadline = bool(_DEADLINE.search(head))
        if self._names_experience(head[-_NAMED_BEFORE:]) and not (deadline and match["to"]):
            return True
        spent = bool(_SPENT.match(_PLUS.sub("", behind, count=1) or behind))
        spent = spent and not deadline
        return (bound and (spent or signed)) or (spent and (listed or (soft and held)))

    def _is_of_others(self, head: str) -> bool:
        """Whether the years are a firm's: it is named before them, and nobody is asked behind that."""
        near = head[head.rfind(":") + 1 :][-_NAMED_BEFORE:]
        named = [found.end() for found in self._others.finditer(near)]
        return bool(named) and not self._held.search(near[named[-1] :])

    def _has_spent(self, head: str) -> bool:
        """Whether somebody is asked for what they did, or had experience with, "for" some years."""
        said = self._held.search(head) or (self._names_experience(head) and not self._others.search(head))
        return bool(said and _FOR.search(head))

    def _in_words(self, text: Text, mention: Mention) -> _Stated | None:
        words = text.low[mention.start : mention.end].decode(errors="ignore")
        before, behind = text.around(mention.start, mention.end, 60)
        none = mention.value == _NONE
        near = none or self._names_experience(words) or self._names_experience(behind[:45])
        theirs = self._is_of_others(before) or (_AFTER.match(before[::-1]) and self._others.search(behind))
        if not near or theirs:
            return None
        return _Stated(mention.value, mention.start, mention.end, "years.worded", preferred=False)

    def _follows_number(self, before: str) -> bool:
        """Whether the last word before a unit is a number, or may stand behind one; true where there is none."""
        word = last_word(before)
        return not word or word[-1].isdigit() or self._belongs(word)

    def _is_plain(self, before: bytes) -> bool:
        """Whether a word between two blanks stands before a unit that is no number and never behind one."""
        found = _PLAIN.match(before[::-1])
        return found is not None and not self._belongs(found[1][::-1].decode())

    def _amount_in(self, before: str, unit: str) -> re.Match[str] | None:
        """The number of units that stands at the end of `before`."""
        first = self._first_own(before)
        seen = min(first, _LOOKS_BACK)
        return self._search(before[first - seen :] + unit, seen)

    def _first_own(self, before: str) -> int:
        """Where the words that a statement may be made of begin, of those before its unit: most are no part of it."""
        for run in _LETTERS.finditer(before[::-1]):
            if run[0] not in self._own:
                return len(before) - run.start()
        return 0

    def _belongs(self, word: str) -> bool:
        return word in self._rules.numbers or word in _BETWEEN


def _is_under_experience(text: Text, start: int) -> bool:
    """Whether the line above this place is a heading of experience."""
    above = text.low[: text.low.rfind(b"\n", 0, start) + 1].rstrip(b" \n\t:*-")
    return above.endswith(_HEADINGS)
