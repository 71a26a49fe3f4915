"""Measures what a batch of 100 postings costs to encode and decode with msgspec and with pydantic."""

import json
import random
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache, reduce
from operator import or_
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec
import pydantic

from common.contracts import OfferedPay, Place, Posting, PostingsNormalized, decode, encode

POSTINGS = 100
WORDS = 500
ROUNDS = 60
WARM_UP = 10


def batch(seed: int = 1) -> PostingsNormalized:
    """Postings with bodies of about 4 KB, the size measured on real boards."""
    chance = random.Random(seed)
    words = ["".join(chance.choices("etaoinshrdlucmfw", k=chance.randint(2, 12))) for _ in range(3000)]
    return PostingsNormalized(postings=[_posting(chance, words, number) for number in range(POSTINGS)])


def _posting(chance: random.Random, words: list[str], number: int) -> Posting:
    seen = datetime(2026, 11, 1, tzinfo=UTC) - timedelta(minutes=chance.randrange(40_000))
    low, high = Decimal(120_000), Decimal(150_000)
    pay = OfferedPay(text="$120k-150k", minimum=low, maximum=high, currency="USD", period="year")
    return Posting(
        hash_key=f"{chance.getrandbits(128):032x}", version=1, content_hash=f"{chance.getrandbits(128):032x}",
        source="greenhouse", source_job_id=str(4_000_000 + number), title="Senior Data Engineer", company="Acme GmbH",
        outcome="new", url=f"https://jobs.example/{number}", apply_url=f"https://jobs.example/{number}/apply",
        description_text=" ".join(chance.choices(words, k=WORDS)),
        places=[Place(text="Toronto, ON", city="Toronto", region="ON", country="ca", latitude=43.65, longitude=-79.38)],
        employment_types=["FULL_TIME"], remote="hybrid", tags=["python", "sql"], pay=pay,
        posted_at=seen, first_seen_at=seen,
    )  # fmt: skip


@cache
def _model(contract: type[msgspec.Struct]) -> type[pydantic.BaseModel]:
    """The same class in pydantic: same fields, same defaults, frozen."""
    hints = get_type_hints(contract)
    fields: dict[str, Any] = {
        field.name: (_translated(hints[field.name]), _default(field)) for field in msgspec.structs.fields(contract)
    }
    return pydantic.create_model(contract.__name__, __config__=pydantic.ConfigDict(frozen=True), **fields)


def _default(field: msgspec.structs.FieldInfo) -> Any:
    if field.default_factory is not msgspec.NODEFAULT:
        return pydantic.Field(default_factory=field.default_factory)
    return ... if field.default is msgspec.NODEFAULT else field.default


def _translated(hint: Any) -> Any:
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return _model(hint)
    if get_origin(hint) is list:
        return list[_translated(get_args(hint)[0])]  # type: ignore[misc]  # the argument is known at run time only
    if get_origin(hint) in (Union, UnionType):
        return reduce(or_, (_translated(option) for option in get_args(hint)))
    return hint


def cpu_microseconds(work: Callable[[], object]) -> float:
    """Median CPU microseconds per posting."""
    for _ in range(WARM_UP):
        work()
    times = []
    for _ in range(ROUNDS):
        start = time.process_time_ns()
        work()
        times.append(time.process_time_ns() - start)
    return statistics.median(times) / 1000 / POSTINGS


def main() -> None:
    """Print one JSON line."""
    event = batch()
    encoder, decoder = msgspec.json.Encoder(decimal_format="string"), msgspec.json.Decoder(PostingsNormalized)
    text = encoder.encode(event)
    model = _model(PostingsNormalized)
    twin = model.model_validate_json(text)
    assert twin.model_dump_json(exclude_defaults=True)
    assert decoder.decode(text) == event
    body, digest = encode(event)
    figures = {
        "msgspec_encode": cpu_microseconds(lambda: encoder.encode(event)),
        "msgspec_decode": cpu_microseconds(lambda: decoder.decode(text)),
        "pydantic_encode": cpu_microseconds(lambda: twin.model_dump_json(exclude_defaults=True)),
        "pydantic_decode": cpu_microseconds(lambda: model.model_validate_json(text)),
        "encode_with_zstd_and_sha256": cpu_microseconds(lambda: encode(event)),
        "decode_with_zstd_and_sha256": cpu_microseconds(lambda: decode(PostingsNormalized, body, digest)),
    }
    print(
        json.dumps(
            {
                "benchmark": "contracts", "postings": POSTINGS, "bytes_per_posting": len(text) // POSTINGS,
                "compressed_bytes_per_posting": len(body) // POSTINGS, "python": sys.version.split()[0],
                "msgspec": msgspec.__version__, "pydantic": pydantic.VERSION,
                "cpu_us_per_posting": {name: round(value, 2) for name, value in figures.items()},
            }
        )
    )  # fmt: skip


if __name__ == "__main__":
    main()
