"""windows of the archive"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = '0005'


def upgrade() -> None:
    op.add_column('run', sa.Column('window', postgresql.JSONB(astext_type=sa.Text()), nullable=True), schema='gateway')
    op.alter_column('run', 'campaign_id', existing_type=sa.UUID(), nullable=True, schema='gateway')


def downgrade() -> None:
    op.execute("DELETE FROM gateway.run WHERE campaign_id IS NULL")
    op.alter_column('run', 'campaign_id', existing_type=sa.UUID(), nullable=False, schema='gateway')
    op.drop_column('run', 'window', schema='gateway')
