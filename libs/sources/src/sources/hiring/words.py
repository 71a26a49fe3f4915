"""The words by which the parts of a hand-written advertisement are told apart."""

import gzip
import re
from functools import lru_cache

import yaml

from common.settings import config_path


def _any(*words: str) -> str:
    """A pattern for any of the words, given in lines."""
    return "|".join(word for line in words for word in line.split())


_NOUNS = _any(
    "engineer developer programmer designer scientist architect analyst manager researcher administrator sysadmin dev",
    "consultant specialist recruiter writer editor marketer advocate evangelist technician tester strategist intern",
    "representative associate executive copywriter accountant assistant coordinator instructor postdoc hacker coder",
    "cofounder internship swe sre lead director president officer statistician quant machinist mathematician counsel",
    "economist freelancer contractor wrangler communicator rep generalist trader buyer planner biologist chemist",
    "physicist",
)
_SHORT = _any(
    "devops devsecops devrel secops mlops cto ceo coo cfo cmo cpo ciso vp sdet dba qa em pm eng sysops netops ux ui",
    "gtm bdr sdr ae csm",
)
#: A word that ends what a person is hired as.
NOUN = rf"(?:co-founder|(?:{_NOUNS})(?:s|\(s\)|/s)?|head of \w+|(?:{_SHORT})s?)"
ROLE = re.compile(rf"(?<![\w@.-]){NOUN}(?![\w@])(?!\.\w)", re.IGNORECASE)
#: What stands for a role where none is named.
FIELD = re.compile(
    r"\b(?:multiple|several|various|many|all|different|numerous|open)\b[^|]{0,30}\b(?:roles?|positions?|openings?|jobs?|teams?)\b"
    r"|\b(?:roles?|positions|openings|engineering|full[- ]?stack|front[- ]?end|back[- ]?end|software development"
    r"|data science|machine learning|ios|android|marketing|sales|design|product|infrastructure|developpeur|security)\b",
    re.IGNORECASE,
)
URL = re.compile(r"https?://[^\s<>\"'|]+[^\s<>\"'|.,;:)\]]", re.IGNORECASE)
_ENDINGS = _any("com io co ai org net dev app so tech jobs us uk de ca eu me fm gg nyc xyz health inc")
DOMAIN = re.compile(rf"(?<![\w@.])(?:[a-z0-9-]+\.)+(?:{_ENDINGS})(?:/\S*)?(?![\w.])", re.IGNORECASE)
EMPLOYMENT = re.compile(
    r"\b(?:(?:full|part)[\s-]*time|fte|contract(?:or|ing|s)?(?:[- ]to[- ](?:hire|perm))?|freelanc(?:e|er|ers|ing)"
    r"|intern(?:s|ship|ships)?|temporary|perm(?:anent)?|co-?op)\b",
    re.IGNORECASE,
)
HYBRID = re.compile(r"\bhybrid\b", re.IGNORECASE)
ONSITE = re.compile(r"\b(?:on[- ]?site|in[- ]?person|in[- ]?office)\b", re.IGNORECASE)
REMOTE = re.compile(
    r"(?<!no )(?<!non-)(?<!not )\b(?:remote(?:ly|-first)?|wfh|work from home|telecommute|distributed)\b(?!\s*:\s*no\b)",
    re.IGNORECASE,
)
VISA = re.compile(r"\b(?:visas?|h-?1b|relocation|sponsor\w*|relo|citizens?(?:hip)?|clearance|equity)\b", re.IGNORECASE)
PAY = re.compile(
    r"[$€£¥₹]\s?\d|\b\d{2,3}\s?k\b|\d\s?(?:usd|eur|gbp|chf|cad|aud)\b|\b(?:usd|eur|gbp|chf|cad|aud)\s?\d"
    r"|\b(?:salary|compensation|competitive|doe)\b",
    re.IGNORECASE,
)
HIRING = re.compile(
    r"\s*(?:\b(?:is|are|we're|we are|i'm|i am)\s+)?(?:\b(?:also|now|currently|actively|still|again)\s+)*"
    r"\b(?:hiring|looking for|looking to (?:hire|add)|seeking|searching for|recruiting|in search of)\b:?\s*(?:for\s+)?",
    re.IGNORECASE,
)
#: What stands before roles in a sentence or before a list of them.
OFFER = re.compile(
    rf"{HIRING.pattern}|\b(?:roles?|positions?|openings?|jobs)\b[^.:|]{{0,40}}:|\b(?:you will|you'll|to) be (?=an? )"
    r"|\b(?:we need|finding|to find|to add|openings? for|(?:role|position) (?:of|as)|join (?:us|our team) as)\b",
    re.IGNORECASE,
)
#: Words before a role that are no part of its name.
LEADING = re.compile(
    r"^(?:(?:a (?:variety|number|couple|few) of|an?|the|our|one|two|three|four|several|multiple|many|some|more|few|new"
    r"|experienced|talented|great|additional|exceptional|passionate|full[- ]time|for|to|hire|(?:now )?hiring|at least"
    r"|we're|we are|we|also|(?:job )?title|positions?|roles?|open(?:ing)?|job)\b:?\s+)+",
    re.IGNORECASE,
)
_MARKS = re.compile(r"[\W_]+")
#: Without AI, IT, PM and the like, which mostly are no countries in an advertisement.
_CODES = set(_any("US USA UK EU DE FR NL CH SE ES IE DK NO FI PL BE AT NZ SG UAE GB DC BC").split("|"))
_EVERYDAY = {
    "bay area", "sf", "nyc", "us", "usa", "uk", "eu", "europe", "worldwide", "anywhere", "global", "emea", "latam",
    "apac", "north america", "silicon valley", "americas", "east coast", "west coast", "new york city", "la", "dc",
    "washington dc", "sf bay area", "san francisco bay area", "nationwide", "d c", "u s", "u k", "south bay", "asia",
    "peninsula", "europe only", "us only", "usa only", "us timezones", "africa", "scandinavia", "midwest",
}  # fmt: skip


@lru_cache
def _places() -> tuple[frozenset[str], frozenset[str]]:
    """Names of countries, regions and cities of over 50,000 people, folded, and codes in capitals; read once."""
    rules = yaml.safe_load(config_path("taxonomy/places.yml").read_text(encoding="utf-8"))
    names = [name for listed in rules["countries"].values() for name in listed if len(name) > 3]
    names += [name for regions in rules["regions"].values() for listed in regions.values() for name in listed]
    names += rules["city_aliases"]
    with gzip.open(config_path("taxonomy/places.tsv.gz"), "rt", encoding="utf-8") as lines:
        rows = (line.rstrip("\n").split("\t") for line in lines)
        names += [row[0] for row in rows if len(row) > 3 and int(row[3] or 0) >= 50]
    codes = [str(code).upper() for country in ("us", "ca", "au") for code in rules["regions"][country]]
    return frozenset(_folded(str(name)) for name in names) | _EVERYDAY, frozenset(codes) | _CODES


def is_place(words: str) -> bool:
    """Whether the words are the name of a place, or the code of a region or country."""
    plain = words.strip(" .()*")
    names, codes = _places()
    return plain.replace(".", "") in codes or _folded(plain) in names


def _folded(name: str) -> str:
    return _MARKS.sub(" ", name.casefold()).strip()
