"""Makes postings from the vocabulary: the same seed and index always give the same posting, without any state."""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, TypeVar

from sources.sample.markup import MARKUPS, Section, render
from sources.sample.pay import local_range, ways, yearly_text
from sources.sample.vocabulary import City, Employer, Family, Phrases, families, phrases, world

T = TypeVar("T")

#: The day from which the sample's postings count back. It is fixed, because a posting whose date moved with the clock
#: would have changed at every run; postings without a date are ranked by when they were first seen.
SAMPLE_DAY = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
#: In a generated sample, each 50th posting is the one 25 before it again, under a new id.
REPOST_EVERY, REPOST_BACK = 50, 25
#: Title with its level, pay compared with the plain title, and the level if the board states one. A director, the last
#: one, directs a department: that would not make enough different titles for the generated samples.
_LEVELS = (
    ("{title}", 1.0, None),
    ("Senior {title}", 1.25, "Senior"),
    ("Junior {title}", 0.75, "Entry level"),
    ("Lead {title}", 1.4, None),
    ("Principal {title}", 1.6, "Principal"),
    ("{title} Intern", 0.4, "Internship"),
    ("{title} II", 1.1, None),
    ("Director of {title}", 1.8, "Director"),
)
_DIRECTOR = len(_LEVELS) - 1
_CONTRACTS = ("full_time", "full_time", "full_time", "Full-time", "contract", "part_time", None, "permanent")
_WORKPLACES = ("hybrid", "onsite", "remote", "hybrid", "", "onsite")
#: Orders in which sentences are taken from a list; few, so that rendered sections can be kept.
_ORDERS = 8


class Dice:
    """A number drawn from a hash and used up choice by choice: cheap, and the same on every platform and version."""

    def __init__(self, seed: int, index: int) -> None:
        self._left = int.from_bytes(hashlib.shake_256(f"{seed}:{index}".encode()).digest(20), "big")

    def below(self, limit: int) -> int:
        """An integer in 0..limit-1."""
        self._left, drawn = divmod(self._left, limit)
        return drawn

    def one(self, options: Sequence[T]) -> T:
        """One of the options."""
        return options[self.below(len(options))]

    def some(self, options: tuple[str, ...], count: int) -> tuple[str, ...]:
        """`count` different options in one of the orders."""
        return _shuffled(options, self.below(_ORDERS))[:count]


@cache
def _shuffled(options: tuple[str, ...], order: int) -> tuple[str, ...]:
    return tuple(sorted(options, key=lambda option: hashlib.sha256(f"{order}{option}".encode()).digest()))


def bundled_posting(index: int) -> dict[str, Any]:
    """Posting `index` of the bundled sample; an employer has several, in different families and cities."""
    slot, who = divmod(index, len(world().employers))
    employer, dice = world().employers[who], Dice(0, index)
    known = families(employer.language)
    if employer.kind:
        kinds = world().kinds[employer.kind]
        family = next(f for f in known if f.titles[0] == kinds[(slot + who) % len(kinds)])
        level = 0 if family.hourly else dice.below(len(_LEVELS))
        title = family.department if level == _DIRECTOR else dice.one(family.titles)
    else:
        family, level = known[slot % len(known)], 0
        title = family.titles[slot // len(known) % len(family.titles)]
    city = next(c for c in world().cities if c.name == employer.cities[slot % len(employer.cities)])
    return _posting(dice, employer, family, title, level, city)


def generated_posting(index: int, seed: int) -> dict[str, Any]:
    """Posting `index` of a generated sample: company, title and place together are unique, reposts aside."""
    original = index - REPOST_BACK if index % REPOST_EVERY == REPOST_EVERY - 1 else index
    known, cities, names = families("en"), world().cities, world().made_up
    employers = len(names.first) * len(names.second) * len(names.third)
    titles = len(known) * 4 * _DIRECTOR
    # Multiplying by a number without a common factor visits every combination once, in no visible order.
    code = (original * 48_271_933 + seed * 9_176_263) % (employers * titles * len(cities))
    code, who = divmod(code, employers)
    where, what = divmod(code, titles)
    kind, level = divmod(what, _DIRECTOR)
    family = known[kind // 4]
    dice = Dice(seed, original)
    posting = _posting(dice, _made_up(who), family, family.titles[kind % 4], level, cities[where])
    identity = f"g{seed}-{index}"
    address = f"https://generated.jobs.example/{identity}"
    return {"id": identity, "board": "generated", "url": address, "apply_url": f"{address}/apply", **posting}


def generate(count: int, seed: int, start: int = 0) -> Iterator[dict[str, Any]]:
    """The postings from `start` up to `count` of the generated sample of this seed."""
    return (generated_posting(index, seed) for index in range(start, count))


@cache
def _made_up(index: int) -> Employer:
    names = world().made_up
    index, first = divmod(index, len(names.first))
    third, second = divmod(index, len(names.second))
    kind, industry = names.third[third]
    return Employer(f"{names.first[first]}{names.second[second]} {kind}", industry, "51-200", ())


def _posting(dice: Dice, employer: Employer, family: Family, title: str, level: int, city: City) -> dict[str, Any]:
    form, factor, said_level = _LEVELS[level]
    low, high = local_range(city.country, family.pay[0] * factor, family.pay[1] * factor)
    pay = dice.one(ways(city.country, family.hourly))(low, high)
    workplace = dice.one(_WORKPLACES)
    words = phrases(employer.language)
    sections = _sections(dice, family, words, workplace)
    fill = {"company": employer.name, "industry": employer.industry, "city": city.name}
    # Half of the employers who leave the form empty name the pay in the text.
    if pay is None and dice.below(2):
        sections.append(Section("", (words.pay,)))
        fill["low"], fill["high"] = yearly_text(city.country, low, high)
    posted = SAMPLE_DAY - timedelta(hours=dice.below(24 * 45)) if dice.below(12) else None
    return {
        "title": form.format(title=title),
        "employer": {"name": employer.name, "industry": employer.industry, "size": dice.one((employer.size, None))},
        "locations": [{"name": city.written, "country": dice.one((city.country, None))}],
        "department": family.department,
        "body": render(dice.one(MARKUPS), sections, fill),
        "contract": dice.one(_CONTRACTS),
        # Half of the employers say the workplace in the text only.
        "workplace": dice.one((workplace or None, None)),
        "level": said_level,
        "skills": list(dice.some(family.skills, 4)) if dice.below(3) else [],
        "salary": pay,
        "language": employer.language,
        "posted_at": None if posted is None else f"{posted:%Y-%m-%dT%H:%M:%SZ}",
    }


def _sections(dice: Dice, family: Family, words: Phrases, workplace: str) -> list[Section]:
    about, duties, needs, extras, offer = words.headings
    sections = [
        Section(about, (dice.one(words.about), family.intro)),
        Section(duties, dice.some(family.duties, 5) + dice.some(words.duties, 4), True),
        Section(needs, dice.some(family.needs, 4) + dice.some(words.needs, 4), True),
        Section(extras, (*family.extras, ", ".join(dice.some(family.skills, 5))), True),
        Section(offer, dice.some(words.benefits, 8), True),
        Section("", dice.some(words.culture, 2)),
        Section("", (dice.one(words.process), dice.one(words.closing))),
    ]
    if said := words.workplace[workplace]:
        sections.insert(2, Section("", (said,)))
    return sections
