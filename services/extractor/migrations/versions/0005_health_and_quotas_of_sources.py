"""health and quotas of sources"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = '0004'


def upgrade() -> None:
    op.create_table('page_validators',
    sa.Column('source', sa.Text(), nullable=False),
    sa.Column('feed', sa.Text(), nullable=False),
    sa.Column('campaign_id', sa.Text(), nullable=False),
    sa.Column('page', sa.Integer(), nullable=False),
    sa.Column('request', sa.Text(), nullable=False),
    sa.Column('etag', sa.Text(), nullable=True),
    sa.Column('last_modified', sa.Text(), nullable=True),
    sa.Column('archive_key', sa.Text(), nullable=False),
    sa.Column('sha256', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('source', 'feed', 'campaign_id', 'page'),
    schema='extractor'
    )
    op.create_table('source_state',
    sa.Column('source', sa.Text(), nullable=False),
    sa.Column('paused_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('failures', sa.Integer(), server_default='0', nullable=False),
    sa.Column('broken_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('reason', sa.Text(), server_default='', nullable=False),
    sa.Column('wait', sa.Interval(), server_default=sa.text("interval '5 minutes'"), nullable=False),
    sa.Column('trial_at', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('source'),
    schema='extractor'
    )
    op.create_table('source_day',
    sa.Column('source', sa.Text(), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('requests', sa.BigInteger(), nullable=False),
    sa.Column('pages', sa.BigInteger(), nullable=False),
    sa.Column('failed', sa.BigInteger(), nullable=False),
    sa.Column('postings', sa.BigInteger(), nullable=False),
    sa.Column('milliseconds', sa.BigInteger(), nullable=False),
    sa.Column('errors', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('sampled', sa.BigInteger(), nullable=False),
    sa.Column('fields', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.PrimaryKeyConstraint('source', 'day'),
    schema='extractor'
    )
    op.create_table('quota_use',
    sa.Column('source', sa.Text(), nullable=False),
    sa.Column('slot', sa.DateTime(timezone=True), nullable=False),
    sa.Column('requests', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('source', 'slot'),
    schema='extractor'
    )
    op.add_column('feed', sa.Column('emptied_at', sa.DateTime(timezone=True), nullable=True), schema='extractor')


def downgrade() -> None:
    op.drop_column('feed', 'emptied_at', schema='extractor')
    op.drop_table('quota_use', schema='extractor')
    op.drop_table('source_day', schema='extractor')
    op.drop_table('source_state', schema='extractor')
    op.drop_table('page_validators', schema='extractor')
