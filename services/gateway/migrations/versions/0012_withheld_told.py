"""withheld told"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.add_column("held", sa.Column("told", sa.Boolean(), server_default=sa.false(), nullable=False), schema="gateway")


def downgrade() -> None:
    op.drop_column("held", "told", schema="gateway")
