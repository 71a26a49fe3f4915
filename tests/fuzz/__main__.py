"""`make fuzz`: everything that reads what others wrote, and the ledger, under about ten minutes of bad input."""

import argparse
import asyncio
import os
import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from common.testing.postgres import postgres_server
from tests.fuzz import coverage_guided, openapi
from tests.fuzz.envelopes import Tally, read_many
from tests.fuzz.ledger_trees import storms
from tests.fuzz.payloads import parse_many, read_files
from tests.fuzz.readers import LIMIT_SECONDS, read_texts
from tests.fuzz.running import CONSUMERS, consume
from tests.support.data import shared_folder

#: At length 1: envelopes read, messages consumed, payloads, damaged files and texts read, trees of units.
ENVELOPES, MESSAGES, PAYLOADS, FILES, TEXTS, TREES = 1_000_000, 21_000, 30_000, 10_000, 400, 10_000
#: Seconds for REST, and examples of an operation or a chain in each of its rounds.
SECONDS, EXAMPLES = 120, 40
_PROCESSES = min(4, os.cpu_count() or 1)
_SHARES = 4


def envelopes(seed: int, length: float) -> list[str]:
    """Mutated envelopes read as consumers read them."""
    count = int(ENVELOPES * length)
    shares = _PROCESSES * _SHARES
    total = Tally()
    with ProcessPoolExecutor(_PROCESSES) as pool:
        for tally in pool.map(read_many, [f"{seed}:{n}" for n in range(shares)], _split(count, shares)):
            total.add(tally)
    _say(f"{total.total:,} mutated envelopes read", total.ends)
    return total.wrong


def messages(seed: int, length: float) -> list[str]:
    """Mutated messages through the services' own consumers on the table broker."""
    return asyncio.run(_messages(seed, int(MESSAGES * length)))


async def _messages(seed: int, count: int) -> list[str]:
    wrong: list[str] = []
    ends: Counter[str] = Counter()
    sent = 0
    with tempfile.TemporaryDirectory() as folder, postgres_server(Path(folder)) as server:
        for consumer, share in zip(CONSUMERS, _split(count, len(CONSUMERS)), strict=True):
            async with server.database() as database:
                accounts = await consume(consumer, database, str(seed), share)
            sent += accounts.sent
            ends.update(accounts.ends)
            _say(f"{consumer.queue}: {accounts.sent:,} messages", accounts.ends)
            loops = accounts.log_events["error deliveries_not_ended"]
            wrong += [f"{consumer.queue}: {loops} times a handler did not end its delivery"] if loops else []
            wrong += [f"unaccounted: {told}" for told in accounts.unaccounted]
            wrong += [f"stuck: {told}" for told in accounts.stuck]
        await server.close()
    _say(f"{sent:,} mutated messages through real consumers, {ends['unaccounted']} unaccounted", ends)
    return wrong


def payloads(seed: int, length: float) -> list[str]:
    """Mutated payloads and files of sources."""
    folder = shared_folder()
    known = folder if folder.is_dir() else None
    if known is None:
        print(f"  no real data in {folder}: payloads of the bundled sample only")
    parsed, files = parse_many(seed, int(PAYLOADS * length), known), read_files(seed, int(FILES * length))
    _say(f"{parsed.payloads:,} mutated payloads of sources", parsed.ends)
    _say(f"{files.payloads:,} damaged files", files.ends)
    return parsed.wrong + files.wrong


def texts(seed: int, length: float) -> list[str]:
    """Hostile texts of 100,000 characters in every field that a service reads."""
    wrong: list[str] = []
    with ProcessPoolExecutor(_PROCESSES) as pool:
        seeds = [seed * 1000 + n for n in range(_PROCESSES)]
        found = list(pool.map(read_texts, seeds, _split(max(_PROCESSES, int(TEXTS * length)), _PROCESSES)))
    slowest = max(found, key=lambda readings: readings.slowest)
    for readings in found:
        wrong += readings.wrong
    count = sum(readings.count for readings in found)
    print(
        f"  {count:,} readings of hostile texts; slowest {slowest.slowest:.2f} s of {LIMIT_SECONDS} s: {slowest.where}"
    )
    return wrong


def ledger(seed: int, length: float) -> list[str]:
    """Random trees against the ledger's SQL."""
    return asyncio.run(_ledger(seed, max(1, int(TREES * length))))


async def _ledger(seed: int, trees: int) -> list[str]:
    with tempfile.TemporaryDirectory() as folder, postgres_server(Path(folder)) as server:
        async with server.database() as database:
            totals = await storms(database, seed, trees)
        await server.close()
    rate = totals.events / totals.seconds
    _say(f"{totals.trees:,} trees of {totals.units:,} units: {totals.events:,} events, {rate:,.0f}/s", totals.ends)
    _say("faults", totals.faults)
    return totals.wrong


def rest(seed: int, length: float) -> list[str]:
    """Schemathesis on the gateway's description, operation by operation and in chains."""
    with tempfile.TemporaryDirectory() as folder, openapi.gateway(Path(folder)) as url:
        code, report = openapi.stateful(url, seed, max(10, int(SECONDS * length)), EXAMPLES)
    print("  " + "\n  ".join(report.strip().splitlines()[-25:]))
    return [f"schemathesis found something (exit code {code}):\n{report}"] if code else []


def guided(seed: int, length: float) -> list[str]:
    """The parsers under atheris, which follows their coverage."""
    return coverage_guided.run(seed, max(5, int(60 * length)))


PARTS: dict[str, Callable[[int, float], list[str]]] = {
    "envelopes": envelopes, "messages": messages, "payloads": payloads, "texts": texts, "ledger": ledger, "rest": rest,
    "atheris": guided,
}  # fmt: skip


def main() -> int:
    """Run the parts and say what was found; 1 if anything was."""
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="of everything that is random")
    parser.add_argument("--length", type=float, default=1.0, help="1: about ten minutes; 3: three times as much")
    parser.add_argument("--only", choices=PARTS, action="append", help="this part; may be given again")
    parser.add_argument("--atheris", action="store_true", help="also the parsers under atheris, if it is installed")
    asked = parser.parse_args()
    chosen = asked.only or [name for name in PARTS if name != "atheris" or asked.atheris]
    parts = {name: part for name, part in PARTS.items() if name in chosen}
    print(f"seed {asked.seed}, length {asked.length}")
    failed = [name for name, part in parts.items() if not _passed(name, part, asked.seed, asked.length)]
    print(f"seed {asked.seed}: " + (f"found something in {', '.join(failed)}" if failed else "nothing found"))
    return bool(failed)


def _passed(name: str, part: Callable[[int, float], list[str]], seed: int, length: float) -> bool:
    started = time.monotonic()
    print(f"{name}: {(part.__doc__ or '').strip()}", flush=True)
    wrong = part(seed, length)
    for what in wrong[:20]:
        print(f"  WRONG {what}")
    print(f"  {name}: {len(wrong)} wrong, {time.monotonic() - started:.0f} s", flush=True)
    return not wrong


def _split(count: int, shares: int) -> list[int]:
    return [count // shares + (n < count % shares) for n in range(shares)]


def _say(what: str, counted: Counter[str]) -> None:
    print(f"  {what}: " + ", ".join(f"{number:,} {name}" for name, number in counted.most_common()), flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
