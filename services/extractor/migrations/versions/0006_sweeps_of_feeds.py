"""sweeps of feeds"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("feed", sa.Column("swept_at", sa.DateTime(timezone=True), nullable=True), schema="extractor")
    op.add_column("feed", sa.Column("left_out", sa.Text(), nullable=True), schema="extractor")


def downgrade() -> None:
    op.drop_column("feed", "left_out", schema="extractor")
    op.drop_column("feed", "swept_at", schema="extractor")
