"""new postings by day"""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_index(
        "sighting_first_seen", "sighting", ["first_seen_at"], schema="normalizer", postgresql_using="brin"
    )


def downgrade() -> None:
    op.drop_index("sighting_first_seen", table_name="sighting", schema="normalizer")
