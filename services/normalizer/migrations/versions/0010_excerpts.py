"""excerpts"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.add_column(
        "content",
        sa.Column("description_is_excerpt", sa.Boolean(), server_default=sa.false(), nullable=False),
        schema="normalizer",
    )


def downgrade() -> None:
    op.drop_column("content", "description_is_excerpt", schema="normalizer")
