"""clusters"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table('job_cluster',
    sa.Column('hash_key', sa.Uuid(), nullable=False),
    sa.Column('cluster_id', sa.Uuid(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('hash_key'),
    schema='gateway'
    )
    op.create_index('job_cluster_members', 'job_cluster', ['cluster_id', 'hash_key'], unique=False, schema='gateway')


def downgrade() -> None:
    op.drop_index('job_cluster_members', table_name='job_cluster', schema='gateway')
    op.drop_table('job_cluster', schema='gateway')
