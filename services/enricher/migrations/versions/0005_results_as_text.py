"""results as text"""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    # Writes the table anew, a minute or two for a million rows; the reader waits meanwhile.
    op.execute("ALTER TABLE enricher.enrichment ALTER COLUMN result TYPE json USING result::text::json")
    op.execute("ALTER TABLE enricher.enrichment SET (toast_tuple_target = 4080)")


def downgrade() -> None:
    op.execute("ALTER TABLE enricher.enrichment RESET (toast_tuple_target)")
    op.execute("ALTER TABLE enricher.enrichment ALTER COLUMN result TYPE jsonb USING result::text::jsonb")
