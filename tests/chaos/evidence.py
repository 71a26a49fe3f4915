"""Everything the oracle judges by, collected from the database, the broker, the journal, the receiver and the logs."""

import json
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from posthorn.processes import PORTS
from tests.chaos.broker_view import QueueState
from tests.chaos.journal import Entry
from tests.chaos.product import Product
from tests.support.stack import Stack

#: Tables that outlive a scenario: who searches, who is told, how far the schema is, and fixed lists.
_KEPT = ("campaign", "endpoint", "factor_set")
_TROUBLE = re.compile(r"Traceback \(most recent call last\)|Fatal Python error|\"level\":\"(error|critical)\"")


@dataclass(frozen=True)
class Clean:
    """The end of the first undisturbed runs; `fetched` is of each of them, `units` and `seconds` of the last."""

    digest: dict[str, str]
    quarantined: Counter[tuple[str, str]]
    fetched: list[int]
    units: int
    seconds: float
    rows: dict[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class RunFacts:
    """One run as the gateway's tables and its books say; `recount` is `open` counted again from the units."""

    run_id: str
    state: str
    open: int
    recount: int
    late_units: int
    fetched: int
    balanced: bool
    status: str
    finished: frozenset[str] = frozenset()


@dataclass
class Evidence:
    """The state after a scenario, and what left the services meanwhile."""

    runs: list[RunFacts]
    digest: dict[str, str]
    quarantined: Counter[tuple[str, str]]
    unsent: dict[str, int] = field(default_factory=dict)
    inflight: dict[str, int] = field(default_factory=dict)
    completions: Counter[str] = field(default_factory=Counter)
    pages_lost: list[str] = field(default_factory=list)
    queues: dict[str, QueueState] = field(default_factory=dict)
    journal: list[Entry] = field(default_factory=list)
    webhooks: list[tuple[str, str]] = field(default_factory=list)
    logged: Counter[tuple[str, str]] = field(default_factory=Counter)
    rows: dict[str, list[str]] = field(default_factory=dict)


def collect(product: Product, runs: list[str], log: Iterable[tuple[str, str]]) -> Evidence:
    """Look everywhere once everything is at rest; `log` holds service and line."""
    return Evidence(
        runs=[run_facts(product, run_id) for run_id in runs],
        digest=product.stack.digest(),
        quarantined=quarantine_counts(product.stack),
        unsent=product.counts("outbox", "sent_at IS NULL"),
        inflight=product.counts("inflight"),
        completions=completions(product.stack),
        pages_lost=pages_lost(product.stack, product.archive),
        queues=product.queues(),
        journal=product.journal.of(set(runs)),
        webhooks=[_webhook(received.headers, received.body) for received in list(product.hook.received)],
        logged=trouble(log),
        rows=product.stack.business(),
    )


def run_facts(product: Product, run_id: str) -> RunFacts:
    """What the ledger holds of a run, and its books as people see them."""
    row = product.stack.rows(
        "SELECT r.state, r.open, count(u) FILTER (WHERE NOT (u.declared AND u.finished)) AS recount, "  # noqa: S608 - our own id
        "count(u) FILTER (WHERE u.updated_at > r.completed_at) AS late, "
        "coalesce(array_agg(u.unit_id) FILTER (WHERE u.finished), '{}') AS finished "
        f"FROM gateway.run r LEFT JOIN gateway.unit u USING (run_id) WHERE run_id = '{run_id}' GROUP BY r.run_id"
    )[0]
    seen = product.ask(f"/runs/{run_id}")
    books = seen["books"]
    return RunFacts(
        run_id, row["state"], row["open"], row["recount"], row["late"], books["fetched"], books["balanced"],
        seen["status"], frozenset(row["finished"]),
    )  # fmt: skip


def quarantine_counts(stack: Stack) -> Counter[tuple[str, str]]:
    """Rows set aside, by service and reason."""
    parts = [f"SELECT '{s}' AS service, reason, count(*) AS n FROM {s}.quarantine GROUP BY 2" for s in PORTS]  # noqa: S608 - our own names
    return Counter({(row["service"], row["reason"]): row["n"] for row in stack.rows(" UNION ALL ".join(parts))})


def completions(stack: Stack) -> Counter[str]:
    """How many times the gateway's outbox says that a run is completed."""
    sql = (
        "SELECT headers ->> 'run_id' AS run, count(*) AS n FROM gateway.outbox "
        "WHERE headers ->> 'event_type' LIKE 'run.completed.%' GROUP BY 1"
    )
    return Counter({row["run"]: row["n"] for row in stack.rows(sql)})


def pages_lost(stack: Stack, archive: Path) -> list[str]:
    """Pages that the extractor lists but the archive does not hold."""
    keys = [row["archive_key"] for row in stack.rows("SELECT archive_key FROM extractor.page")]
    return [key for key in keys if not (archive / key).is_file()]


def trouble(lines: Iterable[tuple[str, str]]) -> Counter[tuple[str, str]]:
    """Lines that a quiet run does not write, by service and what they say; of a traceback its last line."""
    found: Counter[tuple[str, str]] = Counter()
    inside = ""
    for service, line in lines:
        if inside == service and line.startswith((" ", "\n")):
            continue
        if inside == service or (_TROUBLE.search(line) and not line.startswith("Traceback")):
            found[service, _essence(line)] += 1
        inside = service if line.startswith("Traceback") else ""
    return found


def reset(stack: Stack) -> None:
    """Empty every table but those that say who searches and who is told."""
    tables = stack.rows("SELECT schemaname, tablename FROM pg_tables WHERE tablename NOT LIKE 'alembic%'")
    names = [f"{s}.{t}" for s, t in tables if s in PORTS and t not in _KEPT]
    stack.rows(f"TRUNCATE {', '.join(names)}")


def _webhook(headers: dict[str, str], body: bytes) -> tuple[str, str]:
    return json.loads(body)["data"]["run_id"], headers["webhook-id"]


def _essence(line: str) -> str:
    try:
        said = json.loads(line)
    except ValueError:
        return line.strip()[:200]
    what = said.get("exception") or said.get("exc_info") or said.get("error") or ""
    return f"{said.get('event')} {str(what).strip().splitlines()[-1] if what else ''}".strip()[:300]
