"""quality of runs"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
_moment = sa.DateTime(timezone=True)
_now = sa.text('now()')


def upgrade() -> None:
    for column in (
        sa.Column('ending', sa.Text(), nullable=True),
        sa.Column('gate', sa.Text(), nullable=True),
        sa.Column('judged_at', _moment, nullable=True),
        sa.Column('judged_by', sa.Text(), nullable=True),
        sa.Column('releasing', sa.Boolean(), server_default=sa.text('false'), nullable=False),
    ):
        op.add_column('run', column, schema='gateway')
    op.create_index('run_releasing', 'run', ['run_id'], unique=False, schema='gateway', postgresql_where=sa.text('releasing'))
    op.create_index('run_blocked', 'run', ['completed_at'], unique=False, schema='gateway', postgresql_where=sa.text("gate IN ('blocked', 'discarded')"))
    op.add_column('unit', sa.Column('measures', postgresql.JSONB(astext_type=sa.Text()), server_default='{}', nullable=False), schema='gateway')
    op.create_table('held',
    sa.Column('run_id', sa.Text(), nullable=False),
    sa.Column('unit_id', sa.Text(), nullable=False),
    sa.Column('source', sa.Text(), nullable=False),
    sa.Column('jobs', sa.Integer(), nullable=False),
    sa.Column('headers', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('body', sa.LargeBinary(), nullable=False),
    sa.Column('attempts', sa.SmallInteger(), server_default='0', nullable=False),
    sa.Column('held_at', _moment, server_default=_now, nullable=False),
    sa.PrimaryKeyConstraint('run_id', 'unit_id'),
    schema='gateway'
    )
    # Compressed already.
    op.execute("ALTER TABLE gateway.held ALTER COLUMN body SET STORAGE EXTERNAL")
    op.create_table('quality_result',
    sa.Column('run_id', sa.Text(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('source', sa.Text(), nullable=False),
    sa.Column('severity', sa.Text(), nullable=False),
    sa.Column('verdict', sa.Text(), nullable=False),
    sa.Column('detail', sa.Text(), nullable=False),
    sa.Column('measure', sa.Text(), nullable=False),
    sa.Column('value', sa.Float(), nullable=True),
    sa.Column('usual', sa.Float(), nullable=True),
    sa.Column('threshold', sa.Float(), nullable=True),
    sa.Column('sample', sa.BigInteger(), nullable=True),
    sa.Column('evidence', postgresql.JSONB(astext_type=sa.Text()), server_default='{}', nullable=False),
    sa.CheckConstraint("verdict IN ('passed', 'failed', 'skipped')", name='quality_result_verdict'),
    sa.ForeignKeyConstraint(['run_id'], ['gateway.run.run_id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('run_id', 'reason', 'source'),
    schema='gateway'
    )
    op.create_table('quality_audit',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('run_id', sa.Text(), nullable=False),
    sa.Column('action', sa.Text(), nullable=False),
    sa.Column('by', sa.Text(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('at', _moment, server_default=_now, nullable=False),
    sa.ForeignKeyConstraint(['run_id'], ['gateway.run.run_id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id'),
    schema='gateway'
    )
    op.create_index('quality_audit_run', 'quality_audit', ['run_id', 'id'], unique=False, schema='gateway')


def downgrade() -> None:
    # What is held would be lost with the table.
    op.execute("""
        DO $$ BEGIN IF EXISTS (SELECT FROM gateway.held) THEN
          RAISE EXCEPTION 'batches are held: release or discard the blocked runs first'; END IF; END $$
    """)
    op.drop_table('quality_audit', schema='gateway')
    op.drop_table('quality_result', schema='gateway')
    op.drop_table('held', schema='gateway')
    op.drop_column('unit', 'measures', schema='gateway')
    op.drop_index('run_blocked', table_name='run', schema='gateway', postgresql_where=sa.text("gate IN ('blocked', 'discarded')"))
    op.drop_index('run_releasing', table_name='run', schema='gateway', postgresql_where=sa.text('releasing'))
    for name in ('releasing', 'judged_by', 'judged_at', 'gate', 'ending'):
        op.drop_column('run', name, schema='gateway')
