"""closed postings"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"

_STATES = "state IN ('open', 'closed', 'expired', 'stale')"


def upgrade() -> None:
    op.create_table('sweep',
    sa.Column('sweep_id', sa.Uuid(), nullable=False),
    sa.Column('run_id', sa.Text(), nullable=False),
    sa.Column('source', sa.Text(), nullable=False),
    sa.Column('feed', sa.Text(), nullable=False),
    sa.Column('arrived', sa.Integer(), nullable=False),
    sa.Column('postings', sa.Integer(), nullable=True),
    sa.Column('pages', sa.Integer(), nullable=True),
    sa.Column('left_out', sa.Text(), nullable=True),
    sa.Column('started_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('finished_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('noted_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('judged_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('counted', sa.Boolean(), server_default=sa.text('false'), nullable=False),
    sa.Column('missing', sa.Integer(), nullable=True),
    sa.Column('closed', sa.Integer(), nullable=True),
    sa.Column('held', sa.Boolean(), server_default=sa.text('false'), nullable=False),
    sa.PrimaryKeyConstraint('sweep_id'),
    schema='normalizer'
    )
    op.create_index('sweep_of_feed', 'sweep', ['source', 'feed', 'started_at'], schema='normalizer')
    op.create_index('sweep_to_judge', 'sweep', ['finished_at'], schema='normalizer',
    postgresql_where=sa.text('judged_at IS NULL AND finished_at IS NOT NULL'))
    op.create_table('posting_event',
    sa.Column('hash_key', sa.Uuid(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('source', sa.Text(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('rules_version', sa.Text(), nullable=False),
    sa.Column('noted_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("kind IN ('closed', 'expired', 'stale', 'reopened', 'reposted', 'evergreen')",
    name='posting_event_kind'),
    sa.PrimaryKeyConstraint('hash_key', 'at', 'kind'),
    schema='normalizer'
    )
    op.add_column('posting', sa.Column('state', sa.Text(), server_default='open', nullable=False), schema='normalizer')
    op.add_column('posting', sa.Column('state_since', sa.DateTime(timezone=True), nullable=True), schema='normalizer')
    op.add_column('posting', sa.Column('state_reason', sa.Text(), nullable=True), schema='normalizer')
    op.add_column('posting', sa.Column('flags', postgresql.JSONB(astext_type=sa.Text()), server_default='[]',
    nullable=False), schema='normalizer')
    # What is stored already is looked at once, a part at a time: a constant default rewrites no rows.
    op.add_column('posting', sa.Column('look_at', sa.DateTime(timezone=True), server_default=sa.func.now(),
    nullable=True), schema='normalizer')
    op.alter_column('posting', 'look_at', server_default=None, schema='normalizer')
    op.execute("UPDATE normalizer.posting SET state = 'closed', state_since = closed_at WHERE closed_at IS NOT NULL")
    op.create_check_constraint('posting_state', 'posting', _STATES, schema='normalizer', postgresql_not_valid=True)
    op.add_column('sighting', sa.Column('valid_through', sa.DateTime(timezone=True), nullable=True), schema='normalizer')
    op.add_column('sighting', sa.Column('gone_at', sa.DateTime(timezone=True), nullable=True), schema='normalizer')
    op.add_column('sighting', sa.Column('asleep', sa.Boolean(), server_default=sa.text('false'), nullable=False),
    schema='normalizer')
    op.create_index('posting_look', 'posting', ['look_at'], schema='normalizer')
    op.create_index('sighting_of_feed', 'sighting', ['source', 'feed'], schema='normalizer',
    postgresql_where=sa.text('gone_at IS NULL'))


def downgrade() -> None:
    op.drop_index('sighting_of_feed', table_name='sighting', schema='normalizer')
    op.drop_index('posting_look', table_name='posting', schema='normalizer')
    for name in ('asleep', 'gone_at', 'valid_through'):
        op.drop_column('sighting', name, schema='normalizer')
    op.drop_constraint('posting_state', 'posting', schema='normalizer')
    for name in ('look_at', 'flags', 'state_reason', 'state_since', 'state'):
        op.drop_column('posting', name, schema='normalizer')
    op.drop_table('posting_event', schema='normalizer')
    op.drop_table('sweep', schema='normalizer')
