"""What the words around a cue make of it: a possibility beside the office, or what the job itself is."""

import re

from common.contracts import RemoteType
from enricher.domain.remote_sentence import STRONG
from enricher.domain.scanner import Mention

#: Hybrid by a possibility only, which a plain "remote" overrules.
OFFERED = ".offered"
#: What is possible beside the office: "possibility to work from home".
_POSSIBLE = re.compile(
    r"\b(?:possibilit(?:y|ies)|opportunit(?:y|ies)|options?|flexibility|chance)(?: \w+)? to (?:\w+ )?$"
)
#: The same of any cue, or that it is not: "Möglichkeit zu Remote-Work", "keine Option auf Homeoffice".
_POSSIBLE_OF = re.compile(
    r"(?P<no>\b(?:no|not|keine|ohne|sin|pas de|aucune|geen)\W+(?:\w+\W+)?)?"
    r"\b(?:möglichkeit(?:en)?|option(?:en|s)?|possibilit(?:y|ies)|posibilidad(?:es)?|opci(?:ón|ones)|possibilités?"
    r"|possibilidade|mogelijkheid|optie)\W"
    r"(?:(?:zu|zur|zum|auf|für|von|of|for|to|de|del|do|a|au|en|tot|om|op|te|work|teilweise|partial|some) ){1,3}$"
)
#: "This is a US-based, remote temp role"; a hybrid one may be of two trades: only its contract may stand between.
_A_BEFORE = re.compile(r"\b(?:this|(?:is|are hiring|seeking|looking for) an?) (?:[\w-]+,? ){0,3}$")
_JOB = r"(?:role|position|job|opportunity|contract|internship)\b"
_JOB_BEHIND = {
    "home": re.compile(rf"[, ]*(?:[\w/-]+[, ]+){{0,3}}{_JOB}"),
    "alone": re.compile(rf"[, ]*(?:(?:full|part)[- ]time |permanent |temporary |contract |paid ){{1,2}}{_JOB}"),
}


def is_possible(words: str, before: str) -> bool:
    """Whether work from home is a possibility beside the office."""
    return words.endswith("from home") and bool(_POSSIBLE.search(before))


def of_possibility(words: str, before: str) -> tuple[RemoteType, str] | None:
    """What is said of work from home that the words before it call possible, or not; None where they do not."""
    possible = None if STRONG.search(words) else _POSSIBLE_OF.search(before)
    return possible and (("onsite", ".negated") if possible["no"] else ("hybrid", OFFERED))


def is_of_job(cue: Mention, before: str, behind: str) -> bool:
    """Whether a cue stands before the job itself: "a remote, full-time role"."""
    return bool(_JOB_BEHIND[cue.value].match(behind) and _A_BEFORE.search(before))
