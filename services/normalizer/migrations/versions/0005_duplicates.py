"""duplicates"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = '0004'


def upgrade() -> None:
    op.create_table('duplicate',
    sa.Column('hash_key', sa.Uuid(), nullable=False),
    sa.Column('cluster_id', sa.Uuid(), nullable=False),
    sa.Column('block', sa.Uuid(), nullable=False),
    sa.Column('fingerprint', sa.Uuid(), nullable=False),
    sa.Column('matched', sa.Uuid(), nullable=True),
    sa.Column('reason', sa.Text(), nullable=True),
    sa.Column('similarity', sa.Float(), nullable=True),
    sa.Column('duplicate_class', sa.Text(), nullable=True),
    sa.Column('kept_from', sa.Uuid(), nullable=True),
    sa.Column('kept_reason', sa.Text(), nullable=True),
    sa.Column('kept_similarity', sa.Float(), nullable=True),
    sa.Column('rules_version', sa.Text(), nullable=False),
    sa.Column('run_id', sa.Text(), nullable=False),
    sa.Column('dwh_load_timestamp', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint('(matched IS NULL) = (reason IS NULL)', name='duplicate_reason_told'),
    sa.CheckConstraint('similarity BETWEEN 0 AND 1', name='duplicate_similarity_share'),
    sa.PrimaryKeyConstraint('hash_key'),
    schema='normalizer'
    )
    op.create_index('duplicate_block', 'duplicate', ['block', 'fingerprint'], unique=False, schema='normalizer')
    op.create_index('duplicate_cluster', 'duplicate', ['cluster_id'], unique=False, schema='normalizer')
    op.create_index('duplicate_run', 'duplicate', ['run_id'], unique=False, schema='normalizer',
    postgresql_where=sa.text('matched IS NOT NULL OR kept_from IS NOT NULL'))
    op.create_table('duplicate_decision',
    sa.Column('one', sa.Uuid(), nullable=False),
    sa.Column('other', sa.Uuid(), nullable=False),
    sa.Column('verdict', sa.Text(), nullable=False),
    sa.Column('decided_by', sa.Text(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint('one < other', name='duplicate_decision_ordered'),
    sa.CheckConstraint("verdict IN ('merge', 'split')", name='duplicate_decision_verdict'),
    sa.PrimaryKeyConstraint('one', 'other'),
    schema='normalizer'
    )
    op.create_index('duplicate_decision_other', 'duplicate_decision', ['other'], unique=False, schema='normalizer')


def downgrade() -> None:
    op.drop_index('duplicate_decision_other', table_name='duplicate_decision', schema='normalizer')
    op.drop_table('duplicate_decision', schema='normalizer')
    op.drop_index('duplicate_run', table_name='duplicate', schema='normalizer')
    op.drop_index('duplicate_cluster', table_name='duplicate', schema='normalizer')
    op.drop_index('duplicate_block', table_name='duplicate', schema='normalizer')
    op.drop_table('duplicate', schema='normalizer')
