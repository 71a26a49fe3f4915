"""The rule sets that a service keeps, with their files: those tried in replays, and those that were activated."""

from base64 import b64decode, b64encode
from dataclasses import dataclass

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from common.settings.rule_files import SHIPPED, RuleFiles


def add_rule_set_table(metadata: sa.MetaData) -> None:
    """Declare the table in the schema of `metadata`."""
    sa.Table(
        "rule_set",
        metadata,
        sa.Column("version", sa.Text, primary_key=True),
        # Name of each changed file to its content as base64.
        sa.Column("files", pg.JSON, nullable=False),
        # The number of its last activation, null for a candidate: the set with the greatest is in use.
        sa.Column("activation", sa.Integer),
        # Why it cannot be used here: the set activated before it stays in use.
        sa.Column("refused", sa.Text),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    )


@dataclass(frozen=True, slots=True)
class RuleState:
    """What was activated last, why it is not used if so, and the set that is in use."""

    activation: int = 0
    version: str = SHIPPED
    refused: str | None = None
    in_use: str = SHIPPED


class RuleSetStore:
    """SQL on the table in the schema of one service."""

    def __init__(self, schema: str) -> None:
        self._keep = sa.text(
            f"INSERT INTO {schema}.rule_set AS t (version, files, activation, refused) "  # noqa: S608 - schema is ours
            "VALUES (:version, CAST(:files AS json), :activation, :refused) ON CONFLICT (version) DO UPDATE SET "
            "activation = greatest(t.activation, excluded.activation), refused = excluded.refused"
        )
        self._files = sa.text(f"SELECT files::text FROM {schema}.rule_set WHERE version = :version")  # noqa: S608 - schema is ours
        self._activated = sa.text(
            f"SELECT activation, version, refused FROM {schema}.rule_set WHERE activation IS NOT NULL "  # noqa: S608 - schema is ours
            "ORDER BY activation DESC"
        )
        self._refuse = sa.text(f"UPDATE {schema}.rule_set SET refused = :refused WHERE version = :version")  # noqa: S608 - schema is ours

    async def keep(
        self, conn: AsyncConnection, files: RuleFiles, activation: int | None = None, refused: str | None = None
    ) -> None:
        """Store a set, or the number of its latest activation; a smaller number changes nothing."""
        values = {"version": files.version, "files": packed(files), "activation": activation, "refused": refused}
        await conn.execute(self._keep, values)

    async def files(self, conn: AsyncConnection, version: str) -> RuleFiles | None:
        """The files of a set; None where it was never stored here."""
        if version == SHIPPED:
            return RuleFiles()
        found: str | None = (await conn.execute(self._files, {"version": version})).scalar()
        return None if found is None else unpacked(found)

    async def state(self, conn: AsyncConnection) -> RuleState:
        """What is activated as of this transaction."""
        rows = (await conn.execute(self._activated)).all()
        in_use = next((row.version for row in rows if row.refused is None), SHIPPED)
        if not rows:
            return RuleState()
        last = rows[0]
        return RuleState(last.activation, last.version, last.refused, in_use)

    async def refuse(self, conn: AsyncConnection, version: str, refused: str | None) -> None:
        """Note why a set cannot be used, or that it has to be tried again."""
        await conn.execute(self._refuse, {"version": version, "refused": refused})


def packed(files: RuleFiles) -> str:
    """As JSON, each file in base64."""
    return msgspec.json.encode({name: b64encode(content).decode() for name, content in files.changed.items()}).decode()


def unpacked(text: str) -> RuleFiles:
    """From JSON."""
    return RuleFiles({name: b64decode(content) for name, content in msgspec.json.decode(text).items()})
