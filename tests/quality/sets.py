"""Where the labelled sets lie, and how they and the readers are asked."""

import gzip
import json
import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

from common.contracts import Posting
from enricher.domain.enrich import Enricher, Enrichment

OWN = Path(__file__).with_name("own")
T = TypeVar("T")


def shared_data() -> Path:
    """The folder of real data beside the checkout, or POSTHORN_SHARED_DATA."""
    return Path(os.environ.get("POSTHORN_SHARED_DATA") or Path(__file__).parents[3] / "shared" / "data")


def rows(path: Path) -> list[dict[str, Any]]:
    """Objects of a file of JSON Lines, gzipped or not."""
    content = path.read_bytes()
    lines = (gzip.decompress(content) if path.suffix == ".gz" else content).splitlines()
    return [json.loads(line) for line in lines if line.strip()]


def corpus(data: Path, name: str) -> list[dict[str, Any]]:
    """A set of labelled/extraction_corpora."""
    return rows(data / "labelled" / "extraction_corpora" / f"{name}.jsonl.gz")


def timed(enricher: Enricher, postings: Iterable[Posting]) -> tuple[list[Enrichment], float]:
    """What the postings say, and milliseconds for one."""
    listed = list(postings)
    started = time.process_time()
    read = [enricher.read(posting) for posting in listed]
    return read, (time.process_time() - started) * 1000 / max(1, len(listed))


def right(pairs: Iterable[T], is_right: Callable[[T], bool]) -> int:
    """How many are right."""
    return sum(1 for pair in pairs if is_right(pair))
