"""What was measured on this machine: seconds per step, and the sizes of models in memory."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the table of step times and that of sizes."""
    op.create_table(
        "step_times",
        sa.Column("device", sa.Text, primary_key=True),
        sa.Column("model_key", sa.Text, primary_key=True),
        sa.Column("base", sa.Text, nullable=False),
        *(sa.Column(name, sa.Integer, primary_key=True) for name in ("pixels", "batch", "streamed")),
        sa.Column("seconds", sa.Float, nullable=False),
        sa.Column("runs", sa.Integer, nullable=False),
    )
    op.create_table(
        "component_sizes",
        sa.Column("model_key", sa.Text, primary_key=True),
        sa.Column("part", sa.Text, primary_key=True),
        sa.Column("bytes", sa.Integer, nullable=False),
    )


def downgrade() -> None:
    """Remove them again."""
    op.drop_table("component_sizes")
    op.drop_table("step_times")
