"""duplicate versions"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column('duplicate', sa.Column('version', sa.Integer(), server_default='0', nullable=False), schema='normalizer')
    op.execute("UPDATE normalizer.duplicate SET version = 1 WHERE cluster_id <> hash_key")
    op.create_table('dedupe_report',
    sa.Column('run_id', sa.Text(), nullable=False),
    sa.Column('hash_key', sa.Uuid(), nullable=False),
    sa.Column('matched', sa.Uuid(), nullable=True),
    sa.Column('reason', sa.Text(), nullable=True),
    sa.Column('similarity', sa.Float(), nullable=True),
    sa.Column('duplicate_class', sa.Text(), nullable=True),
    sa.Column('kept_from', sa.Uuid(), nullable=True),
    sa.Column('kept_reason', sa.Text(), nullable=True),
    sa.Column('kept_similarity', sa.Float(), nullable=True),
    sa.Column('rules_version', sa.Text(), nullable=False),
    sa.CheckConstraint('(matched IS NULL) = (reason IS NULL)', name='dedupe_report_reason_told'),
    sa.CheckConstraint('(kept_from IS NULL) = (kept_reason IS NULL)', name='dedupe_report_kept_told'),
    sa.CheckConstraint('matched IS NOT NULL OR kept_from IS NOT NULL', name='dedupe_report_tells'),
    sa.PrimaryKeyConstraint('run_id', 'hash_key'),
    schema='normalizer'
    )
    op.execute("""
        INSERT INTO normalizer.dedupe_report (run_id, hash_key, matched, reason, similarity, duplicate_class,
            kept_from, kept_reason, kept_similarity, rules_version)
        SELECT run_id, hash_key, matched, reason, similarity, duplicate_class,
            kept_from, kept_reason, kept_similarity, rules_version
        FROM normalizer.duplicate WHERE matched IS NOT NULL OR kept_from IS NOT NULL
    """)
    op.drop_index('duplicate_run', table_name='duplicate', schema='normalizer')


def downgrade() -> None:
    op.create_index('duplicate_run', 'duplicate', ['run_id'], unique=False, schema='normalizer',
    postgresql_where=sa.text('matched IS NOT NULL OR kept_from IS NOT NULL'))
    op.drop_table('dedupe_report', schema='normalizer')
    op.drop_column('duplicate', 'version', schema='normalizer')
