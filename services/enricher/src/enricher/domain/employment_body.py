"""Which words for an employment type in a body speak of the job, and not of staff, students or benefits."""

import re
from collections.abc import Iterable, Iterator, Sequence

from enricher.domain.rules import EmploymentContext
from enricher.domain.scanner import Mention
from enricher.domain.text import Text
from enricher.domain.wording import WordsPattern, last_word

#: Bytes looked at before and behind; mentions that are judged, at most.
_REACH, _MOST = 60, 40
#: Between the types of one statement: "Full-time / Part-time", "Vollzeit oder Teilzeit".
_LINK = re.compile(rb"[\s,/&|()+-]*(?:(?:and|or|und|oder|bzw\.?|et|ou|y|o)\b)?[\s,/&|()-]{0,4}")
_LONGEST_LINK = 12
#: What a statement of its own begins behind (the body, a line, a sentence, a bracket, a dash), and what it ends at.
_OPENS = re.compile(r"(?:^|[\n.,!?(|;•·–—]|\s[-/]|  )[\s*#>✓•·-]*$")
_CLOSES = re.compile(
    r"[ \t*]*(?:$|[\n.,;:!|()/–—•·$€£-]|  |\d"
    r"|(?:considered|available|possible|möglich|with|remote|hybrid|in[- ]person)\b)"
)
#: A cell of a header, or what follows a title's gender mark, needs no end: "| Full-time We are", "(m/w/d) Teilzeit".
_OPENS_A_CELL = re.compile(r"(?:\||(?<![a-z])[mwf]/[mwfdxi](?:/[mwfdxi])?\)?)\s*$")
#: Ways of hiring that postings refuse: "no third-party or c2c candidates".
_REFUSABLE = frozenset((b"c2c", b"corp to corp", b"1099"))
_REFUSED = re.compile(r"\b(?:no|not|nor|non|without|cannot|don'?t|won'?t|unable)\b[^.\n]{0,50}$")
_ARTICLES = frozenset({"a", "an"})
#: Types that say how long the week is.
_HOURS = frozenset({"FULL_TIME", "PART_TIME"})
#: "… at client, temporary, or corporate offices": one of a list.
_LISTED = re.compile(r"[^\W\d],\s?$")
#: What goes on behind "| Contract" and is no longer another word's: "| Contract Manager |".
_FILLS_ITS_CELL = re.compile(r"\s*(?:[|\n/,]|$|(?:or|to) (?:perm|full|hire))")
#: "This is a volunteer remote role": words that elsewhere need a label.
_IS_A = re.compile(r"\b(?:this|it|position|role|job) is (?:currently )?an? $")
_PLAIN_ROLE = re.compile(
    r"[\s,-]+(?:(?:remote|hybrid|on-?site|in-office|paid|unpaid|w-?2"
    r"|(?:full|part)[- ]time|(?:long|short)[- ]term|\d+[- ]months?)[\s,-]+){1,3}"
    r"(?:role|position|job|opportunity|assignment|engagement)\b"
)
#: "Hiring for these full-time, entry-level positions".
_HIRING = re.compile(r"\b(?:hiring|recruiting|recruit|filling|fill)\b[^.\n]*$")
_OF_THE_POSTING = re.compile(r"[\s,-]*(?:[\w'-]+[\s,]+){0,4}?(?:positions|roles|jobs|opportunities)\b")
#: A condition of hiring, not the job's hours: "authorized to work in the US on a full-time basis".
_RIGHT_TO_WORK = re.compile(r"\b(?:authori[sz](?:ed|ation)|eligible|eligibility|right) to work\b[^.\n]*$")
#: "This is a full-time …", "seeking a part-time …", "the role is full-time".
_SAID_OF_JOB = re.compile(
    r"(?<!\w)(?:(?:is|seeks?|seeking|hires?|hiring|recruiting|needs?|for|appoint|join us as|sucht|suchen)"
    r"\s(?:an?\s|eine?n?\s)?"
    r"|(?:role|position|job|post|poste|puesto|stelle)s?\s(?:is|are|est|es|ist)\s|this\s)(?:[\w-]+,\s)?$"
)


class EmploymentStatements:
    """The `context` of `config/taxonomy/employment.yml`, ready to be asked."""

    def __init__(self, rules: EmploymentContext) -> None:
        long = WordsPattern(label for label in rules.labels if " " in label).pattern
        label = WordsPattern(rules.labels).pattern
        # "Job Status Full Time", but "Hours: full time".
        self._label = re.compile(rf"(?:{long}\W{{0,4}}|{label}[ \t*]*[:|*/–—\n][\s:*–—-]*)$")
        # "Job Type: Non-Exempt: Full time".
        self._label_before = re.compile(rf"{label}[ \t*]*[:|][ \t*]*(?:[\w-]+[ \t,:/–-]+){{1,2}}$")
        self._noun = re.compile(rf"[\s,-]*(?:[\w'-]+[\s,]+){{0,2}}?(?:{WordsPattern(rules.nouns).pattern})")
        self._becomes = re.compile(rf"(?:{WordsPattern(rules.may_become).pattern})\s+(?:an?\s+)?$")
        self._not_before = re.compile(rf"(?:{WordsPattern(rules.not_before).pattern})\s+(?:an?\s+)?$")
        self._not_behind = re.compile(rf"[\s,-]*(?:[\w'-]+\s+){{0,2}}?(?:{WordsPattern(rules.not_behind).pattern})")
        self._labelled_only = frozenset(rules.labelled_only)
        # The last word before tells most mentions apart, at a tenth of the cost of the expressions.
        self._ends_of_labels = frozenset(last_word(label) for label in rules.labels)
        self._ends_of_others = frozenset(last_word(w) for w in (*rules.may_become, *rules.not_before)) | {"a", "an"}

    def of(self, text: Text, mentions: Sequence[Mention]) -> Iterator[Mention]:
        """The mentions of all statements; their value is (type, whether the phrase says so wherever it stands)."""
        for group in _groups(text, mentions[:_MOST]):
            if self._is_statement(text, group):
                yield from group

    def _is_statement(self, text: Text, group: Sequence[Mention]) -> bool:
        start, end = group[0].start, group[-1].end
        before = text.low[max(0, start - _REACH) : start].decode(errors="ignore")
        last = last_word(before)
        others = last in self._ends_of_others
        if others and self._becomes.search(before):
            return False
        if text.low[start:end] in _REFUSABLE and _REFUSED.search(before):
            return False
        if any(m.value[1] for m in group) or (last in self._ends_of_labels and self._label.search(before)):
            return True
        behind = text.low[end : end + _REACH].decode(errors="ignore")
        if text.low[start:end].decode(errors="ignore") in self._labelled_only:
            return _is_a_plain_role(before, last, behind)
        if last == "these" and _HIRING.search(before) and _OF_THE_POSTING.match(behind):
            return True
        if self._not_behind.match(behind.partition("\n")[0]) or (others and self._not_before.search(before)):
            return False
        return self._is_said_of_job(text, group, before, behind)

    def _is_said_of_job(self, text: Text, group: Sequence[Mention], before: str, behind: str) -> bool:
        """Whether it stands by itself, behind a label or as what the job is said to be."""
        start, kind = group[0].start, group[0].value[0]
        if kind == "TEMPORARY" and _LISTED.search(before) and behind.startswith(","):
            return False
        if _begins(text, start) or (_OPENS.search(before) and _CLOSES.match(behind)):
            return True
        in_cell = b"\n" not in text.low[start : group[-1].end] and _OPENS_A_CELL.search(before)
        if in_cell or (kind in _HOURS and self._label_before.search(before)):
            return True
        said = _SAID_OF_JOB.search(before) or self._noun.match(behind)
        return said is not None and not _RIGHT_TO_WORK.search(before)


def _is_a_plain_role(before: str, last: str, behind: str) -> bool:
    """Whether a word that needs a label fills a cell, "| Contract |", or says all: "is a volunteer remote role"."""
    if before.rstrip().endswith("|"):
        return _FILLS_ITS_CELL.match(behind) is not None
    return last in _ARTICLES and _IS_A.search(before) is not None and _PLAIN_ROLE.match(behind) is not None


def _begins(text: Text, start: int) -> bool:
    """Whether a body begins with this, its title told again before it or not: "Data Engineer Full time Leeds"."""
    told = text.low[text.body_start : start].strip() if start - text.body_start <= text.body_start else b"."
    return not told or told == text.low[: text.body_start].strip()


def _groups(text: Text, mentions: Iterable[Mention]) -> list[list[Mention]]:
    """Mentions with nothing but a link between them belong to one statement."""
    groups: list[list[Mention]] = []
    for mention in mentions:
        if groups:
            end = groups[-1][-1].end
            near = mention.start - end <= _LONGEST_LINK
            if near and _LINK.fullmatch(text.low, end, mention.start):
                groups[-1].append(mention)
                continue
        groups.append([mention])
    return groups
