"""retention of archived pages"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = '0002'


def upgrade() -> None:
    op.create_table('archive_sweep',
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('finished_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('objects', sa.Integer(), nullable=True),
    sa.Column('bytes', sa.BigInteger(), nullable=True),
    sa.PrimaryKeyConstraint('day'),
    schema='extractor'
    )
    op.add_column('page', sa.Column('removed_at', sa.DateTime(timezone=True), nullable=True), schema='extractor')
    op.create_index('page_time', 'page', ['fetched_at', 'id'], unique=False, schema='extractor')


def downgrade() -> None:
    op.drop_index('page_time', table_name='page', schema='extractor')
    op.drop_column('page', 'removed_at', schema='extractor')
    op.drop_table('archive_sweep', schema='extractor')
