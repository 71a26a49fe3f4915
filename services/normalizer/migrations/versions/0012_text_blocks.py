"""text blocks"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.add_column("duplicate", sa.Column("text_block", sa.Uuid(), nullable=True), schema="normalizer")
    op.create_index(
        "duplicate_text_block", "duplicate", ["text_block", "fingerprint"], unique=False, schema="normalizer"
    )


def downgrade() -> None:
    op.drop_index("duplicate_text_block", table_name="duplicate", schema="normalizer")
    op.drop_column("duplicate", "text_block", schema="normalizer")
