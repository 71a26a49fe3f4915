"""rows of 4 kB as they are"""

from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    # Rows written from now on; nothing is rewritten, and readers and writers go on meanwhile.
    op.execute("ALTER TABLE normalizer.content SET (toast_tuple_target = 4080)")


def downgrade() -> None:
    op.execute("ALTER TABLE normalizer.content RESET (toast_tuple_target)")
