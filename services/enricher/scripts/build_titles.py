"""Writes config/taxonomy/titles.tsv.gz from the lists of O*NET and ESCO, given the folder that holds them."""

# Titles, alternate titles and codes of O*NET (CC BY 4.0) and ESCO (reuse with source), the crosswalk of both
# (nestauk/mapping-career-causeways, MIT) and onet_isco.tsv beside this file, written by hand: the unit group of ISCO-08
# of O*NET's occupations. No title of a labelled set goes in. Usage: python build_titles.py FOLDER

import csv
import gzip
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path

import msgspec
import yaml

from enricher.domain.occupation import OccupationReader
from enricher.domain.rules import StandardTitle, TitleRules, TitleTable

_HERE = Path(__file__)
_CONFIG = _HERE.parents[3] / "config" / "taxonomy"
_PREFIX = "http://data.europa.eu/esco/occupation/"
#: Votes of an occupation's own name, of another one of ESCO and of O*NET's alternates.
_NAME, _ALTERNATE, _ONET = 3.0, 1.0, 0.8
_READ_OF_ONET = 60
#: O*NET's armed forces: their jobs are named like civil ones ("operations officer", "radar technician"), and no board
#: carries them; ESCO's own names say that they are of the forces, its others ("field officer") do not.
_FORCES = "55-"
#: Occupations kept of a title; "teacher" has a hundred.
_MOST_OCCUPATIONS = 12


def rows(path: Path, delimiter: str = ",") -> list[dict[str, str]]:
    csv.field_size_limit(2**31)
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        quoting = csv.QUOTE_NONE if delimiter == "\t" else csv.QUOTE_MINIMAL
        return list(csv.DictReader(file, delimiter=delimiter, quoting=quoting))


class Lists:
    """The lists as they are, by their codes."""

    def __init__(self, folder: Path) -> None:
        found = rows(folder / "onet" / "occupation_data.tsv.gz", "\t")
        self.onet = {row["O*NET-SOC Code"]: [row["Title"]] for row in found}
        for row in rows(folder / "onet" / "alternate_titles.tsv.gz", "\t"):
            self.onet[row["O*NET-SOC Code"]].append(row["Alternate Title"])
        self.isco: dict[str, str] = {}
        self.esco: dict[str, list[str]] = {}
        for row in rows(folder / "esco" / "occupations_en_v1.2.0.csv.gz"):
            key = row["conceptUri"].removeprefix(_PREFIX)
            names = [row["preferredLabel"], *row["altLabels"].split("\n"), *row["hiddenLabels"].split("\n")]
            self.esco[key] = [n.strip() for n in dict.fromkeys(names) if n.strip()]
            self.isco[key] = row["iscoGroup"].zfill(4)
        self.onet_of = self._crosswalk(rows(folder / "esco" / "esco_onet_crosswalk.csv.gz"))

    def _crosswalk(self, found: list[dict[str, str]]) -> dict[str, str]:
        """ESCO id → O*NET code of today: the crosswalk has the codes of 2010, whose names are mostly kept."""
        by_name: dict[str, set[str]] = defaultdict(set)
        for code, names in self.onet.items():
            for name in names:
                by_name[re.sub("s$", "", name.lower())].add(code)
        known = {}
        for row in found:
            codes = {row["onet_code"]} & self.onet.keys() or by_name[re.sub("s$", "", row["onet_occupation"])]
            if len(codes) == 1 and (key := row["concept_uri"].removeprefix(_PREFIX)) in self.esco:
                known[key] = next(iter(codes))
        return known


def by_hand() -> dict[str, str]:
    """O*NET code → unit group, of onet_isco.tsv."""
    lines = (line.split("\t") for line in (_HERE.parent / "onet_isco.tsv").read_text().splitlines())
    return {code if "." in code else f"{code}.00": group for group, codes in lines for code in codes.split()}


def reader(rules: TitleRules, names: Iterable[tuple[StandardTitle, list[str]]]) -> OccupationReader:
    """An index of these names alone."""
    plain = OccupationReader(rules, TitleTable(occupations=[], titles=[])).words
    occupations, titles = [], []
    for occupation, labels in names:
        titles += [f"{key}\t{len(occupations)}:1" for label in labels if (key := " ".join(plain.key(label)))]
        occupations.append(occupation)
    return OccupationReader(rules, TitleTable(occupations=occupations, titles=titles))


def main(folder: Path) -> None:
    """Build and write the file."""
    rules = msgspec.convert(yaml.safe_load((_CONFIG / "titles.yml").read_text()), TitleRules)
    bare = msgspec.structs.replace(rules, occupations={})
    lists = Lists(folder)
    esco = reader(bare, ((StandardTitle(n[0], lists.isco[k], "", k), n) for k, n in lists.esco.items()))
    onet = reader(bare, ((StandardTitle(n[0], c, c, ""), n) for c, n in lists.onet.items()))
    groups = groups_of(lists, esco)
    for key, names in lists.esco.items():
        if key not in lists.onet_of and (code := code_of(names, lists.isco[key], groups, onet)):
            lists.onet_of[key] = code
    occupations = [StandardTitle(n[0], lists.isco[k], lists.onet_of.get(k, ""), k) for k, n in lists.esco.items()]
    numbers: dict[tuple[str, str], int] = {}
    votes: dict[str, Counter[int]] = defaultdict(Counter)
    words = esco.words
    for number, (key, names) in enumerate(lists.esco.items()):
        for name in names[:1] if lists.isco[key].startswith("0") else names:
            votes[" ".join(words.key(name))][number] += _NAME if name == names[0] else _ALTERNATE
    for code, names in lists.onet.items():
        if code.startswith(_FORCES):
            continue
        for name in dict.fromkeys(names):
            group = group_of(name, groups[code], esco)
            if (code, group) not in numbers:
                numbers[code, group] = len(occupations)
                occupations.append(StandardTitle(names[0], group, code, ""))
            votes[" ".join(words.key(name))][numbers[code, group]] += _NAME if name == names[0] else _ONET
    votes.pop("", None)
    write(bare, occupations, votes)


def code_of(names: list[str], group: str, groups: dict[str, list[str]], onet: OccupationReader) -> str | None:
    """The O*NET code that an occupation's names are nearest to, of the same minor group of ISCO-08."""
    votes: dict[str, float] = defaultdict(float)
    for name in names:
        near = onet.nearest(name)
        if near and near.onet_code and groups[near.onet_code][0][:3] == group[:3]:
            votes[near.onet_code] += near.confidence
    return max(votes, key=lambda code: (votes[code], code)) if votes else None


def groups_of(lists: Lists, esco: OccupationReader) -> dict[str, list[str]]:
    """O*NET code → its unit group, then others that the crosswalk allows."""
    hand, allowed = by_hand(), defaultdict(Counter)
    for key, code in lists.onet_of.items():
        allowed[code][lists.isco[key]] += 1
    groups = {}
    for code, names in lists.onet.items():
        near = Counter(o.isco_code for n in names[:_READ_OF_ONET] if (o := esco.nearest(n)) for _ in range(3))
        main = hand.get(code) or (near + allowed[code]).most_common(1)[0][0]
        groups[code] = [main, *(g for g, _ in allowed[code].most_common() if g != main)]
    return groups


def group_of(name: str, groups: list[str], esco: OccupationReader) -> str:
    """The unit group of an alternate title: ESCO's where it knows the very title and the crosswalk agrees."""
    near = esco.nearest(name)
    sure = near is not None and near.confidence > 0.5
    return near.isco_code if near and sure and near.isco_code in groups else groups[0]


def write(rules: TitleRules, occupations: list[StandardTitle], votes: dict[str, Counter[int]]) -> None:
    """Occupations, an empty line, then titles as words with the votes for occupations by their line."""
    lines = ["\t".join(msgspec.structs.astuple(o)) for o in occupations]
    lines.append("")
    for key, named in sorted(votes.items()):
        kept = sorted(sorted(named.items(), key=lambda target: (-target[1], target[0]))[:_MOST_OCCUPATIONS])
        lines.append(key + "\t" + ",".join(f"{n}:{v:g}" for n, v in kept))
    target = _CONFIG / "titles.tsv.gz"
    target.write_bytes(gzip.compress("\n".join(lines).encode(), 9, mtime=0))
    print(len(occupations), "occupations,", len(votes), "titles,", target.stat().st_size, "bytes")  # noqa: T201 - a tool that reports


if __name__ == "__main__":
    main(Path(sys.argv[1]))
