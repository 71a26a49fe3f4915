"""results compressed"""

from collections.abc import Callable
from typing import Any

import zstandard
from alembic import op
from sqlalchemy import text

revision = "0006"
down_revision = "0005"

_TOGETHER = 1_000
_READ = """
SELECT content_hash, rules_version, old{} FROM enricher.enrichment
WHERE (content_hash, rules_version) > (:content_hash, :rules_version)
ORDER BY content_hash, rules_version LIMIT :most
"""
_WRITE = """
UPDATE enricher.enrichment SET result = {}
WHERE content_hash = :content_hash AND rules_version = :rules_version
"""


def upgrade() -> None:
    # Row by row, some minutes for a million; the reader waits meanwhile.
    op.execute("ALTER TABLE enricher.enrichment RESET (toast_tuple_target)")
    op.execute("ALTER TABLE enricher.enrichment RENAME COLUMN result TO old")
    op.execute("ALTER TABLE enricher.enrichment ADD COLUMN result bytea")
    _rewrite("::text", ":result", lambda old: zstandard.compress(old.encode(), 1))
    op.execute("ALTER TABLE enricher.enrichment ALTER COLUMN result SET NOT NULL, DROP COLUMN old")


def downgrade() -> None:
    op.execute("ALTER TABLE enricher.enrichment RENAME COLUMN result TO old")
    op.execute("ALTER TABLE enricher.enrichment ADD COLUMN result json")
    _rewrite("", "CAST(:result AS json)", lambda old: zstandard.decompress(old).decode())
    op.execute("ALTER TABLE enricher.enrichment ALTER COLUMN result SET NOT NULL, DROP COLUMN old")
    op.execute("ALTER TABLE enricher.enrichment SET (toast_tuple_target = 4080)")


def _rewrite(cast: str, value: str, change: Callable[[Any], Any]) -> None:
    conn = op.get_bind()
    after = {"content_hash": "00000000-0000-0000-0000-000000000000", "rules_version": ""}
    while rows := conn.execute(text(_READ.format(cast)), {**after, "most": _TOGETHER}).all():
        keys = [{"content_hash": row[0], "rules_version": row[1]} for row in rows]
        changed = [{**key, "result": change(row[2])} for key, row in zip(keys, rows, strict=True)]
        conn.execute(text(_WRITE.format(value)), changed)
        after = keys[-1]
