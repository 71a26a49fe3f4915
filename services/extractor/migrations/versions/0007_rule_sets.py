"""rule sets"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table('rule_set',
    sa.Column('version', sa.Text(), nullable=False),
    sa.Column('files', postgresql.JSON(astext_type=sa.Text()), nullable=False),
    sa.Column('activation', sa.Integer(), nullable=True),
    sa.Column('refused', sa.Text(), nullable=True),
    sa.Column('added_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.PrimaryKeyConstraint('version'),
    schema='extractor'
    )


def downgrade() -> None:
    op.drop_table('rule_set', schema='extractor')
