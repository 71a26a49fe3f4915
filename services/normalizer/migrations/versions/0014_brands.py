"""brands"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.add_column("duplicate", sa.Column("brand", sa.Text(), server_default="", nullable=False), schema="normalizer")


def downgrade() -> None:
    op.drop_column("duplicate", "brand", schema="normalizer")
