"""withheld postings"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.add_column(
        "posting", sa.Column("withheld", sa.Boolean(), server_default=sa.false(), nullable=False), schema="normalizer"
    )


def downgrade() -> None:
    op.drop_column("posting", "withheld", schema="normalizer")
