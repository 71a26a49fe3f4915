"""what replays change"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = '0002'


def upgrade() -> None:
    op.create_table('replay_difference',
    sa.Column('run_id', sa.Text(), nullable=False),
    sa.Column('field', sa.Text(), nullable=False),
    sa.Column('postings', sa.Integer(), nullable=False),
    sa.Column('examples', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('rules_version', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('run_id', 'field'),
    schema='normalizer'
    )


def downgrade() -> None:
    op.drop_table('replay_difference', schema='normalizer')
