"""Models from anywhere: what was read when, what is left out, folders that are looked through, what was found there."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the stamp of a model's files and the tables of the scans."""
    op.add_column("models", sa.Column("stamp", sa.Text, nullable=False, server_default=""))
    op.create_table("models_ignored", sa.Column("path", sa.Text, primary_key=True))
    op.create_table(
        "scan_folders",
        sa.Column("path", sa.Text, primary_key=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("kind", "scanned_at", "summary")),
    )
    op.create_table(
        "scan_cache",
        sa.Column("path", sa.Text, primary_key=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("stamp", "status")),
        sa.Column("file_size", sa.Integer, nullable=False),
        sa.Column("entry", sa.Text, nullable=False),
    )


def downgrade() -> None:
    """Remove them again."""
    for table in ("scan_cache", "scan_folders", "models_ignored"):
        op.drop_table(table)
    op.drop_column("models", "stamp")
