"""Templates and presets."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the table of what people name and keep."""
    op.create_table(
        "library",
        sa.Column("id", sa.Text, primary_key=True),
        *(
            sa.Column(n, sa.Text, nullable=False)
            for n in ("kind", "name", "body", "created_at", "updated_at")
        ),
        sa.UniqueConstraint("kind", "name"),
    )


def downgrade() -> None:
    """Remove it again."""
    op.drop_table("library")
