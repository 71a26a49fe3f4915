"""rule sets"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table('rule_set',
    sa.Column('version', sa.Text(), nullable=False),
    sa.Column('files', postgresql.JSON(astext_type=sa.Text()), nullable=False),
    sa.Column('activation', sa.Integer(), nullable=True),
    sa.Column('refused', sa.Text(), nullable=True),
    sa.Column('added_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.PrimaryKeyConstraint('version'),
    schema='gateway'
    )
    op.create_table('rule_change',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('action', sa.Text(), nullable=False),
    sa.Column('version', sa.Text(), nullable=False),
    sa.Column('activation', sa.Integer(), nullable=True),
    sa.Column('previous', sa.Integer(), nullable=True),
    sa.Column('by', sa.Text(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('run_id', sa.Text(), nullable=True),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('reranked_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("action IN ('added', 'tried', 'activated', 'rolled_back')", name='rule_change_action'),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('activation'),
    schema='gateway'
    )


def downgrade() -> None:
    op.drop_table('rule_change', schema='gateway')
    op.drop_table('rule_set', schema='gateway')
