"""What a replay changed: for each field how many postings, with examples; kept by the service that owns the field."""

from collections import Counter
from collections.abc import Mapping
from os.path import commonprefix
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

#: Examples kept of a field, and characters shown of a long text.
MOST_EXAMPLES, _LONGEST = 5, 160
_LEAD = 40
_json = msgspec.json.Encoder(decimal_format="string")


def add_difference_table(metadata: sa.MetaData) -> None:
    """Declare the table in the schema of `metadata`."""
    sa.Table(
        "replay_difference",
        metadata,
        sa.Column("run_id", sa.Text, primary_key=True),
        sa.Column("field", sa.Text, primary_key=True),
        sa.Column("postings", sa.Integer, nullable=False),
        sa.Column("examples", pg.JSONB, nullable=False),
        sa.Column("rules_version", sa.Text, nullable=False),
    )


class Differences:
    """Counts the fields that differ between two states of postings."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.examples: dict[str, list[dict[str, Any]]] = {}

    def add(self, hash_key: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
        """Compare the fields of `after`; whether one differs."""
        changed = [name for name, value in after.items() if before.get(name) != value]
        for name in changed:
            self.counts[name] += 1
            examples = self.examples.setdefault(name, [])
            if len(examples) < MOST_EXAMPLES:
                was, now = _shown(before.get(name), after[name])
                examples.append({"hash_key": hash_key, "before": was, "after": now})
        return bool(changed)


def _shown(before: Any, after: Any) -> tuple[Any, Any]:
    """Both values; of long texts the part around their first difference."""
    if not (isinstance(before, str) and isinstance(after, str)) or max(len(before), len(after)) <= _LONGEST:
        return before, after
    start = max(0, len(commonprefix([before, after])) - _LEAD)  # noqa: RUF071 - it compares characters, as is meant
    return _cut(before, start), _cut(after, start)


def _cut(text: str, start: int) -> str:
    end = start + _LONGEST
    return ("…" if start else "") + text[start:end] + ("…" if end < len(text) else "")


class DifferenceStore:
    """SQL on the table in the schema of one service."""

    def __init__(self, schema: str) -> None:
        self._add = f"""
INSERT INTO {schema}.replay_difference AS t (run_id, field, postings, examples, rules_version)
SELECT $1, f, n, e::jsonb, $5 FROM unnest($2::text[], $3::int[], $4::text[]) AS x(f, n, e) ORDER BY f
ON CONFLICT (run_id, field) DO UPDATE SET
  postings = t.postings + excluded.postings, rules_version = excluded.rules_version,
  examples = CASE WHEN jsonb_array_length(t.examples) >= {MOST_EXAMPLES} THEN t.examples
    ELSE jsonb_path_query_array(t.examples || excluded.examples, '$[0 to {MOST_EXAMPLES - 1}]') END
"""  # noqa: S608 - schema is ours
        self._of_run = sa.text(
            f"SELECT field, postings, examples, rules_version FROM {schema}.replay_difference "  # noqa: S608 - schema is ours
            "WHERE run_id = :run_id ORDER BY postings DESC, field"
        )

    async def add(self, conn: AsyncConnection, run_id: str, found: Differences, rules_version: str) -> None:
        """Add to what the run has changed: last in a transaction, as all units of the run wait for these rows."""
        if found.counts:
            fields = sorted(found.counts)
            examples = [_json.encode(found.examples[name]).decode() for name in fields]
            counts = [found.counts[name] for name in fields]
            await conn.exec_driver_sql(self._add, (run_id, fields, counts, examples, rules_version))

    async def of_run(self, conn: AsyncConnection, run_id: str) -> list[dict[str, Any]]:
        """The run's differences by field, the most frequent first."""
        return [dict(row) for row in (await conn.execute(self._of_run, {"run_id": run_id})).mappings()]
