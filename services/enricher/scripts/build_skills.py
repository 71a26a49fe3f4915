"""Writes config/taxonomy/skills_more.tsv from taxonomies, given the folder that holds them and postings."""

import csv
import gzip
import html
import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml
from ahocorasick_rs import AhoCorasick, MatchKind

from enricher.domain.rules import Rules
from enricher.store.rule_files import load_rules

# Usage: python build_skills.py FOLDER
# Facts from O*NET technology skills (CC BY 4.0), ESCO skill labels (reuse with source) and microsoft_skills (MIT):
# names of products, methods and fields of knowledge. An everyday word is left out unless real postings write it as a
# name; spellings with a capital count with it only.

_WORDS = {
    name: frozenset(words)
    for name, words in yaml.safe_load(Path(__file__).with_suffix(".yml").read_text(encoding="utf-8")).items()
}
#: Occupations for which O*NET must name a product that no posting here has.
_OCCUPATIONS = 3
#: Words of a name, characters of a single word, share of capitals of a name, at most or at least.
_MOST_WORDS, _SHORTEST, _SINGLE, _NAME = 4, 5, 0.85, 0.6
_ACRONYM = re.compile(r"^(?P<words>.+?)\s+(?P<letters>[A-Z][A-Z0-9&/-]{2,6})$")


def texts(folder: Path) -> Iterator[str]:
    """Bodies of postings, without markup."""

    def walk(value: Any) -> Iterator[str]:
        if isinstance(value, str) and len(value) > 200:
            yield re.sub(r"<[^>]+>", " ", html.unescape(html.unescape(value[:6000])))
        for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            yield from walk(inner)

    for file in sorted((folder / "postings").glob("*.jsonl.gz")):
        for line in gzip.decompress(file.read_bytes()).splitlines():
            yield from walk(json.loads(line))


def candidates(folder: Path) -> dict[str, tuple[str, str, bool]]:
    """Lower-case name → as written, source letter, whether O*NET calls it hot or in demand, or names it often."""
    found: dict[str, tuple[str, str, bool]] = {}
    taxonomies = folder / "taxonomies"
    with gzip.open(taxonomies / "skills" / "microsoft_skills.json.gz", "rt", encoding="utf-8") as file:
        for entry in json.load(file).values():
            name = re.sub(r"\s*\(.*?\)$", "", entry["displayName"]).strip()
            found.setdefault(name.lower(), (name, "M", False))
    with gzip.open(taxonomies / "onet" / "technology_skills.tsv.gz", "rt", encoding="utf-8") as file:
        rows = list(csv.reader(file, delimiter="\t"))[1:]
        occupations = Counter(row[1] for row in rows)
        for row in rows:
            name = re.sub(r"\s+software$", "", re.sub(r"\s*\(.*?\)$", "", row[1]).strip())
            found.setdefault(name.lower(), (name, "O", "Y" in row[4:6] or occupations[row[1]] >= _OCCUPATIONS))
    with gzip.open(taxonomies / "esco" / "skills_en_labels.txt.gz", "rt", encoding="utf-8") as file:
        for label in file:
            name = re.sub(r"\s*\(.*?\)$", "", label.strip())
            found.setdefault(name.lower(), (name, "E", False))
    return found


def seen(names: Iterable[str], bodies: Iterable[str]) -> tuple[Counter[str], Counter[str]]:
    """In how many bodies a name stands, and in how many of these with a capital."""
    words = sorted(names)
    automaton = AhoCorasick(words, matchkind=MatchKind.Standard)
    total: Counter[str] = Counter()
    capital: Counter[str] = Counter()
    for body in {b for b in bodies if len(b) == len(b.lower())}:
        low = body.lower()
        once: dict[int, bool] = {}
        for index, start, end in automaton.find_matches_as_indexes(low, overlapping=True):
            outside = (start == 0 or not low[start - 1].isalnum()) and not low[end : end + 1].isalnum()
            if outside and low[end : end + 1] not in {"+", "#"}:
                once[index] = once.get(index, False) or body[start].isupper()
        for index, upper in once.items():
            total[words[index]] += 1
            capital[words[index]] += upper
    return total, capital


def chosen(name: str, written: str, source: str, *, hot: bool, times: int, capitals: float) -> tuple[str, str] | None:
    """Kind and spelling of a candidate, None where it is left out."""
    words = name.split()
    if len(words) > _MOST_WORDS or len(name) < 3 or name in _WORDS["never"] or words[0] in _WORDS["verbs"]:
        return None
    if re.search(r"[,;:()]", name):
        return None
    if len(words) == 1:
        return _single(name, written, source, hot=hot, capitals=capitals if times else 0.0)
    proper = len(re.findall(r"[A-Z]", written)) >= max(2, len(words)) and source != "E"
    if proper and (hot or times or source == "M"):
        return "technology", name
    if hot or times:
        return ("technology" if capitals > _NAME else "method"), name
    return ("method", name) if source == "E" and words[-1] in _WORDS["fields"] else None


def _single(name: str, written: str, source: str, *, hot: bool, capitals: float) -> tuple[str, str] | None:
    if name in _WORDS["knowledge"] or (source == "E" and name.endswith(tuple(_WORDS["field_endings"]))):
        return "method", name
    sure = capitals > _SINGLE and name not in _WORDS["no_singles"] and source != "E"
    odd = len(re.findall(r"[A-Z]", written)) > 1 or re.search(r"\.|\d", written)
    taken = sure or (odd and hot and source != "E" and len(name) >= _SHORTEST)
    return ("technology", written[0].upper() + written[1:]) if taken else None


class Lines:
    """What is to be written, without spellings that are there already."""

    def __init__(self, rules: Rules) -> None:
        curated = rules.skills.skills.values()
        self.canonical = {s.lower(): name for skills in curated for name, al in skills.items() for s in (name, *al)}
        known = {v for s in self.canonical for v in (s, s.replace(" ", "-"), s.replace("-", " "))}
        self._known = known
        self._taken = known | set(rules.ambiguity.decoys) | set(rules.ambiguity.words)
        self.rows: dict[str, tuple[str, list[str], str]] = {}

    def add(self, name: str, kind: str, spelling: str, written: str, source: str) -> None:
        """A skill; a known one behind its maker's name becomes a spelling of that one."""
        first, _, last = name.rpartition(" ")
        if name in self._taken or (first in self._known and last in _WORDS["generic"]):
            return
        maker, _, rest = name.partition(" ")
        of_maker = maker in _WORDS["vendors"] and rest in self.canonical and len(rest) > len("abc")
        skill, spelled = (self.canonical[rest] if of_maker else name), [spelling]
        if (match := _ACRONYM.match(written)) and " " in match["words"]:
            skill, spelled = match["words"].lower(), [match["words"].lower(), *_acronym(match)]
            if {s.lower() for s in spelled} & self._taken:
                return
        self._taken.update(s.lower() for s in spelled)
        kept_kind, before, kept_source = self.rows.get(skill, (kind, [], source))
        self.rows[skill] = kept_kind, [*before, *spelled], kept_source


def _acronym(match: re.Match[str]) -> list[str]:
    """The letters behind a name where they are its initials: "Single sign-on SSO"."""
    initials = "".join(word[0] for word in re.split(r"[\s-]+", match["words"])).upper()
    return [match["letters"]] if initials.startswith(match["letters"][:2]) else []


def main(folder: Path, target: Path) -> None:
    """Build and write the file."""
    lines = Lines(load_rules())
    found = candidates(folder)
    times, capitals = seen(found, texts(folder))
    for name, (written, source, hot) in sorted(found.items()):
        share = capitals[name] / times[name] if times[name] else 0.0
        if picked := chosen(name, written, source, hot=hot, times=times[name], capitals=share):
            lines.add(name, *picked, written, source)
    rows = sorted(lines.rows.items())
    text = "".join(f"{kind}\t{name}\t{'|'.join(spelled)}\t{source}\n" for name, (kind, spelled, source) in rows)
    target.write_text(text, encoding="utf-8")
    print(len(rows), Counter(kind for _, (kind, _, _) in rows))  # noqa: T201 - a tool that reports


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(__file__).parents[3] / "config" / "taxonomy" / "skills_more.tsv")
