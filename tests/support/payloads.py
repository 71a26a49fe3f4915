"""Real payloads of providers, read from the shared data."""

import gzip
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


def read(path: Path) -> Any:
    """A JSON document, or a list of the lines of a JSONL file; either may be gzipped."""
    text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return (
        [json.loads(line) for line in text.splitlines() if line.strip()] if ".jsonl" in path.name else json.loads(text)
    )


@dataclass
class Payloads:
    """Jobs by board for greenhouse and lever, and one list of search results for jsearch."""

    greenhouse: dict[str, list[Any]] = field(default_factory=dict)
    lever: dict[str, list[Any]] = field(default_factory=dict)
    jsearch: list[Any] = field(default_factory=list)

    @property
    def postings(self) -> int:
        """How many postings there are in all."""
        return sum(map(len, [*self.greenhouse.values(), *self.lever.values(), self.jsearch]))


def load(folder: Path) -> Payloads:
    """All payloads of greenhouse, lever and jsearch under the folder, under the boards' own names."""
    found = Payloads()
    for path in sorted((folder / "greenhouse").glob("*_content_true.json*")):
        found.greenhouse[path.name.split("_")[0]] = read(path)["jobs"]
    for path in sorted((folder / "greenhouse").glob("board_lists*")):
        found.greenhouse |= {
            line["company"]: line["jobs"] for line in read(path) if line["company"] not in found.greenhouse
        }
    for path in sorted((folder / "lever").glob("*_postings.json*")):
        found.lever[path.name.split("_")[0]] = read(path)
    for path in sorted((folder / "jsearch").glob("search_[bdp]*.json*")):
        payload = read(path)
        found.jsearch += payload["data"] if isinstance(payload, dict) else payload
    return found
