"""Mutated payloads of sources: real ones where the shared data is here, generated JSON everywhere."""

import copy
import gzip
import json
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from common.contracts import Campaign, SourcePosting, SourceQuery
from normalizer.domain.page import normalize
from normalizer.errors import RejectedError
from sources.adapter import PageRequest, SourceAdapter
from sources.errors import MappingError, PagePayloadError, SourceRejectedError
from sources.json_text import parse_json
from sources.record_files import records
from sources.registry import adapters
from sources.sample.generator import generate
from tests.fuzz.mutations import Mutator
from tests.fuzz.readers import enrich, posting_of, quality, rank
from tests.support.payloads import load

NOW = datetime(2026, 11, 21, 7, 30, tzinfo=UTC)
_CAMPAIGN = Campaign(campaign_id="c", version=1, campaign_name="c", query="data engineer", country="ca")
_MOST_ITEMS = 12


@dataclass
class Parsed:
    """How many payloads were read, how they and their items ended, and what should not have happened."""

    payloads: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


def real_payloads(folder: Path | None) -> dict[str, list[Any]]:
    """A few pages per source in the source's own form; without shared data those of the bundled sample only."""
    found: dict[str, list[Any]] = {"sample": [{"jobs": list(generate(_MOST_ITEMS, seed))} for seed in range(5)]}
    rows = [{"record": item} for item in generate(_MOST_ITEMS, 3)]
    found["files"] = [{"dataset": "d", "mapping": "default", "records": rows, "next": "0:100"}]
    if folder is None:
        return found
    real = load(folder)
    found["greenhouse"] = [{"jobs": jobs[:_MOST_ITEMS]} for jobs in real.greenhouse.values() if jobs]
    found["lever"] = [jobs[:_MOST_ITEMS] for jobs in real.lever.values() if jobs]
    found["jsearch"] = [{"status": "OK", "data": real.jsearch[at : at + 10]} for at in range(0, 100, 10)]
    for mapping in ("jobspy", "linkedin_2024", "glassdoor_ds_2020", "indeed_ml_2022", "microsoft_careers"):
        for path in sorted((folder / "postings").glob(f"{mapping}*.jsonl.gz")):
            lines = gzip.decompress(path.read_bytes()).splitlines()[:_MOST_ITEMS]
            rows = [{"record": json.loads(line)} for line in lines]
            found["files"].append({"dataset": mapping, "mapping": mapping, "records": rows})
    return found


def parse_many(seed: int, count: int, folder: Path | None) -> Parsed:
    """Read `count` mutated payloads as text, as pages, item by item and, one in ten, through to the ranker."""
    real, parsed = real_payloads(folder), Parsed()
    known = adapters()
    for number in range(count):
        chance = Mutator(f"{seed}:{number}")
        name = chance.random.choice(list(known))
        pages = real.get(name) or [known[name].example]
        text = _mutated(chance, pages)
        try:
            read_payload(known[name], text, parsed, through=number % 10 == 0)
        except Exception as error:  # noqa: BLE001 - whatever comes out is what is looked for
            parsed.wrong.append(f"payload {seed}:{number} of {name}: {error!r}"[:400])
        parsed.payloads += 1
    return parsed


def _mutated(chance: Mutator, pages: list[Any]) -> bytes:
    page = copy.deepcopy(chance.random.choice(pages))
    if isinstance(page, str):
        return chance.damaged(page.encode())
    if chance.odds(0.2):
        return chance.damaged(json.dumps(page).encode())
    if chance.odds(0.2):
        return chance.json(chance.changed(page))
    # Mostly the page is sound and its items are not.
    items = page if isinstance(page, list) else next((v for v in page.values() if isinstance(v, list)), [])
    for at in range(len(items)):
        for _ in range(chance.random.choice((0, 1, 3))):
            items[at] = chance.changed(items[at])
    return chance.json(page)


def read_payload(adapter: SourceAdapter, text: bytes, parsed: Parsed, *, through: bool) -> None:
    """Read a page as the extractor and the normalizer do; raises what they do not expect."""
    try:
        payload = parse_json(text)
    except ValueError:
        parsed.ends["text is no JSON"] += 1
        payload = text.decode("utf-8", "replace")
    query = SourceQuery(source=adapter.name, params={"board": "acme"})
    following = adapter.next_cursor(payload, PageRequest(query, _CAMPAIGN, 1, None, NOW))
    assert following is None or isinstance(following, str)
    try:
        items = adapter.items(payload)
    except PagePayloadError:
        parsed.ends["page is no page"] += 1
        return
    parsed.ends["page with items"] += 1
    for item in items:
        parsed.ends[_map(adapter, item)] += 1
    if through:
        parsed.ends["items read through to the ranker"] += _through(adapter, items)


def _map(adapter: SourceAdapter, item: Any) -> str:
    try:
        posting = adapter.map_to_common(item, "acme")
    except MappingError:
        return "item is no posting"
    msgspec.json.encode(posting)
    return "item mapped"


def _through(adapter: SourceAdapter, items: list[Any]) -> int:
    def map_item(item: Any) -> SourcePosting:
        try:
            return adapter.map_to_common(item, "acme")
        except MappingError as error:
            raise RejectedError(error.reason, error.detail) from error

    page = normalize(items, map_item, adapter.name, NOW, quality())
    failed = [turned for turned in page.turned_away if turned.outcome == "failed"]
    if failed:
        raise RuntimeError(f"{failed[0].reason}: {failed[0].detail}")
    for record in page.records:
        rank(enrich(posting_of(record, 1, "new", first_seen_at=NOW)))
    return len(page.records)


def read_files(seed: int, count: int) -> Parsed:
    """Read `count` damaged files of records; only a file that is refused as a whole may raise."""
    parsed = Parsed()
    rows = list(generate(8, 3))
    flat = [{"id": str(n), "title": row["title"], "text": 'a "quoted", cell\n'} for n, row in enumerate(rows)]
    lines = b"\n".join(json.dumps(row).encode() for row in rows)
    table = "\n".join(["id,title,text", *(",".join(f'"{v}"' for v in row.values()) for row in flat)]).encode()
    whole = {".jsonl": lines, ".json": json.dumps({"jobs": rows}).encode(), ".csv": table, ".jsonl.gz": lines}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(count):
            chance = Mutator(f"{seed}:{number}")
            suffix = chance.random.choice(list(whole))
            data = gzip.compress(whole[suffix], 1) if suffix.endswith(".gz") else whole[suffix]
            path = Path(folder) / f"dump{suffix}"
            path.write_bytes(chance.damaged(data))
            parsed.payloads += 1
            try:
                for record in records(path, None, 10**8):
                    parsed.ends[f"{type(record).__name__} from {suffix}"] += 1
            except SourceRejectedError:
                parsed.ends[f"file refused {suffix}"] += 1
            except Exception as error:  # noqa: BLE001 - whatever comes out is what is looked for
                parsed.wrong.append(f"file {seed}:{number}{suffix}: {error!r}"[:400])
    return parsed
