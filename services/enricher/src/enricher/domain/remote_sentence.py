"""What the sentence around a cue says of it: days a week, now and then, in part, or that it stands alone."""

import re

from ahocorasick_rs import AhoCorasick

from common.contracts import RemoteType
from enricher.domain.scanner import Mention
from enricher.domain.text import Text

#: Bytes of the sentence in which days a week are said of a cue.
REACH = 60
_NUMBER = (
    r"(?<![\d.,])(?P<{}>[1-7](?!\d)|one|two|three|four|five|ein|einen|einem|zwei|drei|vier|fünf|un|une|deux|trois|quatre"
    r"|cinq|uno|dos|tres|cuatro|cinco|due|tre|quattro|cinque|twee|drie|vijf|dois|duas|três|quatro)"
)
_WEEKS = ("week", "woche", "wöchentlich", "semaine", "semana", "settimana")
#: Without one of them there is nothing to look for.
_NAMES_WEEK = AhoCorasick(_WEEKS).find_matches_as_indexes
#: "2-3 days per week", "an 2 Tagen pro Woche", "5x a week"; and what is rarer than that and says nothing.
_DAYS_A_WEEK = re.compile(
    rf"\b{_NUMBER.format('least')}(?:\W{{0,3}}(?:-|–|to|or|bis|oder|à|ou|a|o)?\W{{0,2}}{_NUMBER.format('most')})?"
    r"\W{0,2}(?:full |ganze )?(?:days?|times|x|tagen?|tage|jours?|d[ií]as?|giorni|dagen?)"
    rf"(?=.{{0,25}}(?:{'|'.join(_WEEKS)}))"
)
_RARELY = re.compile(
    r"\b(?:days?|weeks?|months?|tagen?|tage|wochen|monate|jours|semaines|días|semanas)\W+(?:\w+\W+){0,2}(?:year|annum|jahr|an|año)\b"
)
#: Between a cue and the days these speak of the other place: "remote at first, then on-site five days a week".
_ELSEWHERE = {
    "home": re.compile(r"site|office|büro|bureau|oficina|person|vor ort|kantoor"),
    "office": re.compile(r"home|remote|télétravail|teletrabajo|mobil"),
}
#: Days a week that leave none for the other place.
FIVE = frozenset({"5", "6", "7", "five", "fünf", "cinq", "cinco", "cinque", "vijf"})
#: All that stands between signs: "| ONSITE |", "(Remote)", a line of a list; before a comma also at a sentence's start.
_SIGN_BEFORE = re.compile(r"(?:^|[|(\n•;]|\n ?[-*]|[–—] |\bor)[ *_]*$")
_SIGN_BEHIND = re.compile(r"[ *_]*(?:$|[|,);\n(]|[-–—] )")
#: The field of a form that says where: "Location: Sunnyvale, CA [On-site]".
_FIELD = re.compile(
    r"\b(?:location|workplace|work (?:type|mode|model|arrangement|setup|flexibility)"
    r"|(?:position|job|employment|role) type|arbeits(?:modell|weise)|(?:arbeits|einsatz)?ort|telecommut\w+ options?"
    r"|home ?office|lieu|mode d.intervention"
    r"|mode de travail|ubicaci[oó]n|(?:modalidad|espacio|tipo|esquema)(?: de trabajo)?|modalit[aà](?: di lavoro)?"
    r"|werklocatie)[ *_]{0,3}:[^.!?:]{0,50}$"
)
#: Where line breaks were lost: "Espacio de trabajo: Presencial Descripción".
_NEXT_FIELD = re.compile(r" [A-ZÁÉÍÓÚÄÖÜ][a-zà-ü]")
_FIELD_BEHIND = re.compile(r"[ *_]*(?:$|[|,);\n(\]/.]|[-–—] |(?:or|in|at|en|op)\b)", re.IGNORECASE)
#: Between bars, as in the first line on Hacker News: "| Full-time, ONSITE |", "| Remote US |".
_BAR_BEFORE = re.compile(r"(?:^|[|(,/&+]|\b(?:or|and)|[Tt]ime|TIME)[ *_]*$")
_BAR_BEHIND = re.compile(r"[ *_]*(?:$|[|,)/&+(;\n.]|[-–—] |(?:or|and|in|OR|AND|preferred|only|[A-Z]{2,3})\b)")
_LONGEST_LINE = 300
_SENTENCE_BEFORE = re.compile(r"(?:^|\n|[.!?] )$")
#: Now and then from home is hybrid, and so is a part of the work.
_AT_TIMES_BEFORE = re.compile(
    r"\b(?:occasional(?:ly)?|sometimes|partly|partial(?:ly)?|limited|gelegentlich)(?: \w+)? $"
)
#: A part of the work: "Some duties can be performed remotely".
_SOME_BEFORE = re.compile(r"\b(?:some|certain|parts? of|portions? of|aspects of)\b[^,;:]{0,40}$")
#: A share of the time: "50% telecommuting permitted".
_SHARE = r"(?<![\d.,])[1-9]\d? ?(?:%|percent|per cent|prozent) "
_SHARE_BEFORE = re.compile(rf"{_SHARE}(?:(?:of|the|your|time|our|work|team|is|are|working|fully|mobiles|im) ){{0,4}}$")
_SHARE_BEHIND = re.compile(
    rf"\W*(?:(?:for|at|least|up|to|about|around|approximately) ){{0,3}}{_SHARE}of (?:the|your|their)\b"
)
#: Cues that speak of work, not of "remote colleagues".
_OF_WORK = re.compile(r"work|remotely|remote from|from home|telecommut|home.?office|télétravail|teletrabajo|thuis")
_AT_TIMES_BEHIND = re.compile(
    r" ?(?:part[- ]time(?! (?:role|position|job))|if you|when(?:ever)? (?:you|needed|necessary)|as needed)\b"
    r"|\W+(?:occasionally|sometimes|at times|gelegentlich|(?:on )?(?:mon|tues|wednes|thurs|fri)days?)\b"
)
#: Both in one sentence: "at our office and from home", "in person to Thursday and work remotely on Friday".
_OFFICE = r"(?:office|on[- ]?site|in[- ]person|büro|vor ort|bureau|présentiel|oficina|kantoor)"
_MIXED = re.compile(rf"\b{_OFFICE}s?\b[^.;|]{{0,40}}\b(?:and|und|et|y|en)\W+(?:\w+\W+)?$")
#: The same behind a cue: "remotely, from our Berlin office, or a mix of both", "remotely or in the office".
_OR_MIXED = re.compile(
    rf"[^.;|]{{0,40}}\b(?:(?:mix|mixture|combination|blend) of\b|(?:or|oder|ou|o|of) (?:\w+ ){{0,4}}{_OFFICE}\b)"
)
#: Nothing but work from home: "zu 100% im Homeoffice".
_WHOLLY = re.compile(
    r"(?<!not )(?<!nicht )(?:\b100 ?%|\b(?:vollständig|komplett|ausschließlich|entièrement|intégralement|totalmente"
    r"|completamente|íntegramente|entirely|exclusively|fully|completely))(?: \w+){0,2} $"
)
#: Behind "days a week in": "our Chicago office", "HQ".
_AN_OFFICE = re.compile(r"\W*(?:[\w.'’-]+ ){0,4}(?:office|hq|headquarters|studio|hub|campus)s?\b")
#: Days by their names: "in the office Mondays, Tuesdays and Thursdays".
_DAY = r"(?:mon|tues|wednes|thurs|fri)days?"
_NAMED_DAYS = re.compile(rf"\W*(?:(?:on|every|each) )*{_DAY}(?:(?:,| and| or| &|/|, and|, or) ?{_DAY}){{1,3}}\b")
#: Cues that no office beside them weakens.
STRONG = re.compile(r"full|100|first|only|complete|entire|permanent|anywhere|überall|total|role|position|job|location:")
#: What is paid for work from home, or asked of those who have done it, says nothing of this job.
_OTHERWISE = re.compile(
    r"\b(?:compensation|allowance|stipend|budget|reimbursement|experience|experienced|comfortable|accustomed)"
    r"(?:\W+(?:for|in|with|of|to|a|an|the|your|working))*\W+$"
)
#: What holds for others only: "unless approved to work fully remotely".
_UNLESS = re.compile(r"\bunless\b[^,;]*$")


def says_nothing(before: str, behind: str) -> bool:
    """Whether work from home is paid for, asked to be known, an exception or rarer than weekly: nothing of this job."""
    asked = _OTHERWISE.search(before) or _UNLESS.search(before)
    return bool(asked or _RARELY.search(before) or _RARELY.search(behind))


def part_of_the_time(words: str, before: str, behind: str) -> str | None:
    """By which words around it a cue of work from home is for some of the time only."""
    if _AT_TIMES_BEFORE.search(before) or _AT_TIMES_BEHIND.match(behind):
        return ".at_times"
    if _SHARE_BEFORE.search(before):
        return ".share"
    if not _OF_WORK.search(words) or STRONG.search(words):
        return None
    if _SOME_BEFORE.search(before):
        return ".in_part"
    return ".mixed" if _MIXED.search(before) or _OR_MIXED.match(behind) else None


def is_whole(before: str) -> bool:
    """Whether all of the work is said to be from home."""
    return bool(_WHOLLY.search(before))


def said_of_office(text: Text, cue: Mention, before: str, behind: str) -> tuple[RemoteType | None, str]:
    """What a cue of the office says."""
    if days := days_a_week(before, behind, "office"):
        return "onsite" if days in FIVE else "hybrid", ".days"
    if _SHARE_BEHIND.match(behind) or (cue.value == "office" and _NAMED_DAYS.match(behind)):
        return "hybrid", ".days"
    return ("onsite", "") if cue.value == "onsite" or stands_alone(text, cue) else (None, "")


def said_of_week(words: str, before: str, behind: str) -> tuple[RemoteType | None, str]:
    """What "days a week in" says: "three days per week in our Chicago office"."""
    days = _days_in(before + words) if _AN_OFFICE.match(behind) else None
    if days is None:
        return None, ""
    return "onsite" if (days["most"] or days["least"]) in FIVE else "hybrid", ".days"


def stands_alone(text: Text, cue: Mention) -> bool:
    """Whether a cue is all that stands between signs, with a capital unless in a field or between bars."""
    if is_in_field(text, cue):
        return True
    if text.raw[cue.start : cue.start + 1] == text.low[cue.start : cue.start + 1]:
        return False
    before = text.raw[max(text.body_start, cue.start - 4) : cue.start].decode(errors="ignore")
    behind = text.raw[cue.end : cue.end + 4].decode(errors="ignore")
    begins = _SENTENCE_BEFORE if cue.value == "alone" and behind[:1] in {",", " "} else _SIGN_BEFORE
    if cue.value == "office" and behind[:1] == ",":
        return False  # "On-site, state-of-the-art gym"
    return bool((_SIGN_BEFORE.search(before) or begins.search(before)) and _SIGN_BEHIND.match(behind))


def is_in_field(text: Text, cue: Mention) -> bool:
    """Whether a cue is what a field of a form says, or stands between bars."""
    return _in_field(text, cue) or _between_bars(text, cue)


def _in_field(text: Text, cue: Mention) -> bool:
    behind = text.raw[cue.end : cue.end + 8].decode(errors="ignore")
    ends = _FIELD_BEHIND.match(behind) or _NEXT_FIELD.match(behind)
    return bool(ends and _FIELD.search(text.before(cue.start, REACH + 30)))


def _between_bars(text: Text, cue: Mention) -> bool:
    raw = text.raw
    start = raw.rfind(b"\n", max(text.body_start, cue.start - _LONGEST_LINE), cue.start) + 1 or text.body_start
    end = raw.find(b"\n", cue.end, cue.end + _LONGEST_LINE)
    if raw.count(b"|", start, end if end > 0 else cue.end + _LONGEST_LINE) < 2:
        return False
    before = raw[max(start, cue.start - 8) : cue.start].decode(errors="ignore")
    behind = raw[cue.end : cue.end + 12].decode(errors="ignore")
    return bool(_BAR_BEFORE.search(before) and _BAR_BEHIND.match(behind))


def days_a_week(before: str, behind: str, place: str) -> str | None:
    """The most days a week that a sentence says of a cue between its two sides, as written."""
    if days := _days_in(behind):
        if not _ELSEWHERE[place].search(behind, 0, days.start()):
            return days["most"] or days["least"]
    elif days := _days_in(before + " " + behind[:20]):
        return days["most"] or days["least"]
    return None


def _days_in(said: str) -> re.Match[str] | None:
    return _DAYS_A_WEEK.search(said) if _NAMES_WEEK(said) else None
