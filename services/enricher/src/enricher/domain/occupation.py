"""The standard title of a posting's own: nearest titles of O*NET and ESCO by their words, or none."""

from array import array
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import chain, combinations
from math import exp, sqrt
from typing import NamedTuple

from common.contracts import Occupation
from enricher.domain.evidence import Evidence
from enricher.domain.rules import StandardTitle, TitleRules, TitleTable
from enricher.domain.title_words import ASSISTANT, MANAGER, TitleWords
from enricher.domain.word_groups import WordGroups
from enricher.errors import InvalidRulesError

#: Words of a title whose combinations are looked up, and the most words of a combination.
_MOST_WORDS, _MOST_COMBINED = 6, 4
#: From this similarity of a title made of the asked words alone, titles with further words are not looked at.
_NEAR = 0.8
#: Titles with further words that are looked at, those with the rarest words first.
_MOST_COMPARED = 100
#: The nearest titles that vote, and how much more the nearer count.
_VOTERS, _POWER = 8, 2
#: Titles of many occupations vote with a little more strength than others, up to this many.
_MOST_VOTES, _PER_VOTE = 3.0, 0.3
#: For O*NET's code: how much more nearer titles count, those in the group, and the crosswalk
#: from ESCO, and a code of the rules.
_POWER_OF_CODES, _IN_GROUP, _CROSSWALK, _STATED = 4, 2, 0.5, 3.0
#: What a word no list knows weighs: it may be a firm, a place or the very thing that matters.
_UNKNOWN = 2.0
#: Factors on the similarity of titles of different rank.
_NOT_MANAGER, _MANAGER, _ASSISTANT = 0.75, 0.6, 0.9
#: Votes of a title added by hand; from which similarity it is that title, and the least confidence then: such titles
#: were chosen though their words ("service technician") tell little one by one.
_BY_HAND, _EXACT, _CHOSEN = 50.0, 0.999, 0.5
#: How far all words of a title count beside the nearest titles, and from which evidence of theirs a group is believed.
_WORDS, _BELIEVED = 0.15, 1.0
#: Groups with a smaller share of the strongest one's votes are passed over.
_LEAST_VOTES = 0.05
#: What words such as staff and expert are read as.
_ANYBODY = "specialist"
_NONE = frozenset[str]()


#: Similarity to the title asked, 0 to 1, and the number of a title of the lists.
Candidate = tuple[float, int]
#: Of an occupation under a title: its number, votes, group, and whether it is of ESCO.
_Named = tuple[int, float, str, bool]
#: A title that votes: similarity, strength, its occupations.
_Vote = tuple[float, float, Sequence[_Named]]


class _Title(NamedTuple):
    """Of a title: its occupations; factor on votes; any ever excluded."""

    occupations: tuple[_Named, ...]
    scale: float
    choosy: bool


class OccupationReader:
    """The lists as an index: exact combinations of words first, then titles that share rare words."""

    def __init__(self, rules: TitleRules, table: TitleTable) -> None:
        self.words = TitleWords(rules.words, chain.from_iterable(o.includes for o in rules.occupations.values()))
        self._least = rules.least_confidence
        self._codes = {title: rule.onet_code for title, rule in rules.occupations.items() if rule.onet_code}
        self._vague = frozenset(rules.words.vague)
        self._occupations = table.occupations
        self._numbers: dict[str, int] = {}
        self._keys: list[str] = []
        self._targets: list[str] = []
        self._holding: dict[str, array[int]] = {}
        self._groups = WordGroups()
        codes = [o.isco_code for o in table.occupations]
        by_hand = _by_hand(rules, table, self.words)
        #: Number of a title of the rules → its group.
        self._by_hand = {at: codes[number] for at, number in enumerate(by_hand.values())}
        for line in chain((f"{key}\t{number}:{_BY_HAND}" for key, number in by_hand.items()), table.titles):
            key, _, targets = line.partition("\t")
            self._add(key, targets)
            of_title: dict[str, float] = {}
            for target in targets.split(","):
                one, _, votes = target.partition(":")
                of_title[codes[int(one)]] = of_title.get(codes[int(one)], 0.0) + float(votes)
            self._groups.add(key.split(" "), of_title)
        ranks = self.words.ranks
        #: Word → how special it is, and the bit of its rank.
        self._weights = {word: (weight, ranks.get(word, 0)) for word, weight in self._groups.learn().items()}
        #: Length of a title's vector, 0 until it is asked for, and the bits of its ranks.
        self._lengths, self._ranks = array("f", bytes(4 * len(self._keys))), bytearray(len(self._keys))
        self._named = lru_cache(maxsize=4096)(self._parsed)
        self._excluded = self._exclusions(rules)
        self.read = lru_cache(maxsize=20_000)(self._read)

    def _add(self, key: str, targets: str) -> None:
        if (known := self._numbers.get(key)) is not None:
            self._targets[known] += "," + targets
            return
        number = self._numbers[key] = len(self._keys)
        self._keys.append(key)
        self._targets.append(targets)
        for word in key.split(" "):
            holding = self._holding.get(word)
            if holding is None:
                holding = self._holding[word] = array("I")
            holding.append(number)

    def _exclusions(self, rules: TitleRules) -> dict[int, frozenset[str]]:
        found = {}
        for number, occupation in enumerate(self._occupations):
            if (rule := rules.occupations.get(occupation.title)) and rule.excludes:
                found[number] = frozenset(w for text in rule.excludes for w in self.words.key(text))
        return found

    def _read(self, title: str) -> Occupation | None:
        """The occupation with its confidence, 0 to 1; None below the least confidence of the rules."""
        return self.nearest(title, self._least)

    def nearest(self, title: str, least: float = 0.0) -> Occupation | None:
        """As `read` with another threshold; None too where the lists know no word of it, or a vague one alone."""
        asked = self.words.weighted(title)
        found = self._candidates(asked) if self._tells(asked) else []
        if not found:
            return None
        top = sorted(found, reverse=True)[:_VOTERS]
        votes = self._votes(asked, top)
        groups: dict[str, float] = {}
        for _, strength, named in votes:
            for _, own, group, _ in named:
                groups[group] = groups.get(group, 0.0) + strength * own
        if not groups:
            return None
        group, share = self._strongest_group(asked, groups)
        confidence = min(1.0, top[0][0]) * share
        if top[0][0] >= _EXACT and self._by_hand.get(top[0][1]) == group:
            confidence = max(confidence, _CHOSEN)
        return self._answer(group, votes, confidence) if confidence >= least else None

    def _tells(self, asked: Mapping[str, float]) -> bool:
        """Whether there is more than one vague word ("Engineer QlikView"), mostly in a script that the lists have."""
        known = {word for word in asked if word in self._weights} - {_ANYBODY}
        foreign = sum(not word.isascii() for word in asked)
        return foreign * 2 <= len(asked) and (len(known) > 1 or self._vague.isdisjoint(known))

    def _strongest_group(self, asked: Mapping[str, float], votes: Mapping[str, float]) -> tuple[str, float]:
        """The group that the nearest titles and all words speak for most, and how much it is to be believed."""
        least = max(votes.values()) * _LEAST_VOTES
        evidence = self._groups.evidence(asked, [group for group, strength in votes.items() if strength >= least])
        words = sum(asked.values()) * _WORDS
        shares = {group: votes[group] * exp(value * words) for group, value in evidence.items()}
        group = min(shares, key=lambda code: (-shares[code], code))
        return group, shares[group] / sum(shares.values()) / (1 + exp(_BELIEVED - evidence[group]))

    def _candidates(self, asked: Mapping[str, float]) -> list[Candidate]:
        weights = self._weights
        known = sorted((w for w in asked if w in weights), key=lambda w: (-weights[w][0] * asked[w], w))
        if not known:
            return []
        rank = 0
        square = 0.0
        shares: dict[str, float] = {}
        for word, share in asked.items():
            weight, of_word = weights.get(word, (_UNKNOWN, 0))
            square += (weight * share) ** 2
            shares[word] = weight * weight * share
            rank |= of_word
        length = sqrt(square)
        numbers = self._combined(known[:_MOST_WORDS])
        found = self._compared(numbers, shares, length, rank)
        if not found or max(found)[0] < _NEAR:
            found += self._compared(self._sharing(known, numbers), shares, length, rank)
        return found

    def _combined(self, known: list[str]) -> set[int]:
        """Titles made of nothing but asked words."""
        ordered, numbers = sorted(known), self._numbers
        keys = (" ".join(c) for n in range(1, _MOST_COMBINED + 1) for c in combinations(ordered, n))
        return {number for key in keys if (number := numbers.get(key)) is not None}

    def _sharing(self, known: list[str], seen: set[int]) -> set[int]:
        """Titles that hold asked words and others, by the rarest words."""
        left, found = _MOST_COMPARED, set[int]()
        for holding in sorted((self._holding[word] for word in known), key=len):
            left -= len(holding)
            if left < 0:
                break
            found.update(holding)
        return found - seen

    def _compared(
        self, numbers: Iterable[int], shares: Mapping[str, float], length: float, rank: int
    ) -> list[Candidate]:
        """Titles with the cosine of the weighted words, lowered where the ranks differ."""
        keys, lengths, ranks = self._keys, self._lengths, self._ranks
        found = []
        for number in numbers:
            words = keys[number].split(" ")
            own = lengths[number] or self._measured(number, words)
            common = 0.0
            for word in words:
                if word in shares:
                    common += shares[word]
            similarity = common / (length * own)
            if differ := rank ^ ranks[number]:
                if differ & MANAGER:
                    similarity *= _NOT_MANAGER if rank & MANAGER else _MANAGER
                elif differ & ASSISTANT:
                    similarity *= _ASSISTANT
            found.append((similarity, number))
        return found

    def _measured(self, number: int, words: Iterable[str]) -> float:
        """The length of a title's vector, which is kept with its ranks."""
        square, rank = 0.0, 0
        for word in words:
            weight, of_word = self._weights[word]
            square += weight * weight
            rank |= of_word
        self._ranks[number] = rank
        self._lengths[number] = sqrt(square)
        return self._lengths[number]

    def _parsed(self, number: int) -> _Title:
        """Occupations of a title with their votes."""
        parts = (target.split(":") for target in self._targets[number].split(","))
        named = [(int(one), float(votes)) for one, votes in parts]
        total = sum(votes for _, votes in named)
        occupations = self._occupations
        return _Title(
            tuple((one, votes, occupations[one].isco_code, bool(occupations[one].esco_id)) for one, votes in named),
            (1 + min(total, _MOST_VOTES) * _PER_VOTE) / total,
            not self._excluded.keys().isdisjoint(one for one, _ in named),
        )

    def _votes(self, asked: Mapping[str, float], top: Iterable[Candidate]) -> list[_Vote]:
        excluded, votes = self._excluded, []
        for similarity, number in top:
            title = self._named(number)
            named: Sequence[_Named] = title.occupations
            if title.choosy:
                named = [each for each in named if excluded.get(each[0], _NONE).isdisjoint(asked)]
            votes.append((similarity, similarity**_POWER * title.scale, named))
        return votes

    def _answer(self, group: str, votes: Iterable[_Vote], confidence: float) -> Occupation:
        """ESCO's strongest occupation of the group, with the code of O*NET's strongest, in the group if possible."""
        of_esco: dict[int, float] = {}
        of_onet: dict[int, float] = {}
        codes: dict[str, float] = defaultdict(float)
        for similarity, strength, named in votes:
            near = similarity**_POWER_OF_CODES
            for one, own, its_group, is_esco in named:
                within = its_group == group
                if not is_esco:
                    codes[self._occupations[one].onet_code] += near * own * (_IN_GROUP if within else 1)
                if within:
                    found = of_esco if is_esco else of_onet
                    found[one] = found.get(one, 0.0) + (strength if is_esco else near) * own
        esco, onet = self._strongest(of_esco), self._strongest(of_onet)
        if esco and (stated := self._codes.get(esco.title)):
            codes[stated] += _STATED
        elif esco and esco.onet_code:
            codes[esco.onet_code] += _CROSSWALK
        standard = esco or onet or StandardTitle("", group, "", "")
        return Occupation(
            title=standard.title, isco_code=group, confidence=round(confidence, 3),
            onet_code=max(codes, key=lambda c: (codes[c], c)) if codes else None,
            esco_uri=f"http://data.europa.eu/esco/occupation/{esco.esco_id}" if esco else None,
        )  # fmt: skip

    def _strongest(self, votes: Mapping[int, float]) -> StandardTitle | None:
        return self._occupations[min(votes, key=lambda n: (-votes[n], n))] if votes else None


def evidence_of(occupation: Occupation | None, title: str) -> Evidence | None:
    """The whole title is the evidence of an occupation."""
    if occupation is None:
        return None
    return Evidence("occupation", occupation.isco_code, "occupation.title", "title", 0, len(title), title)


def _by_hand(rules: TitleRules, table: TitleTable, words: TitleWords) -> dict[str, int]:
    """Words of the titles in the rules → their occupation; InvalidRulesError for an unknown one, or two of one."""
    numbers = {o.title: number for number, o in enumerate(table.occupations) if o.esco_id}
    found: dict[str, int] = {}
    for title, rule in rules.occupations.items():
        if title not in numbers:
            raise InvalidRulesError(f"titles.yml: ESCO has no occupation {title!r}")
        for text in (title, *rule.includes):
            if found.setdefault(" ".join(words.key(text)), numbers[title]) != numbers[title]:
                raise InvalidRulesError(f"titles.yml: {text!r} stands for two occupations, one is {title!r}")
    return found
