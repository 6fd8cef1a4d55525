"""The first schema: queue items, images, models and the daemon's own state."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create every table of the first release."""
    op.create_table(
        "queue_items",
        sa.Column("item_id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("batch_id", sa.Text, nullable=False),
        sa.Column("session_id", sa.Text, nullable=False, unique=True),
        sa.Column("status", sa.Text, nullable=False, server_default="pending"),
        sa.Column("priority", sa.Integer, nullable=False, server_default="0"),
        sa.Column("position", sa.Float, nullable=False, server_default="0"),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("crashes", sa.Integer, nullable=False, server_default="0"),
        sa.Column("prompt", sa.Text, nullable=False, server_default=""),
        *(sa.Column(name, sa.Text) for name in ("request", "session", "workflow", "origin", "destination")),
        sa.Column("device", sa.Text),
        sa.Column("worker", sa.Text),
        sa.Column("lease_until", sa.Float),
        *(sa.Column(f"error_{part}", sa.Text) for part in ("type", "message", "hint", "traceback")),
        sa.Column("retried_from_item_id", sa.Integer),
        sa.Column("created_at", sa.Text, nullable=False),
        sa.Column("updated_at", sa.Text, nullable=False),
        sa.Column("started_at", sa.Text),
        sa.Column("completed_at", sa.Text),
        sqlite_autoincrement=True,
    )
    op.create_index("idx_queue_items_order", "queue_items", ["status", sa.text("priority DESC"), "position"])
    op.create_index("idx_queue_items_batch_id", "queue_items", ["batch_id"])
    op.create_table(
        "images",
        sa.Column("image_name", sa.Text, primary_key=True),
        sa.Column("image_origin", sa.Text, nullable=False),
        sa.Column("image_category", sa.Text, nullable=False),
        sa.Column("width", sa.Integer, nullable=False),
        sa.Column("height", sa.Integer, nullable=False),
        sa.Column("item_id", sa.Integer),
        sa.Column("session_id", sa.Text),
        sa.Column("node_id", sa.Text),
        sa.Column("metadata", sa.Text),
        *(
            sa.Column(name, sa.Boolean, nullable=False, server_default="0")
            for name in ("is_intermediate", "starred", "has_workflow")
        ),
        sa.Column("image_subfolder", sa.Text, nullable=False, server_default=""),
        sa.Column("board_id", sa.Text),
        sa.Column("created_at", sa.Text, nullable=False),
        sa.Column("updated_at", sa.Text, nullable=False),
    )
    op.create_index("idx_images_newest", "images", ["is_intermediate", "created_at", "image_name"])
    op.create_index("idx_images_item_id", "images", ["item_id"])
    op.create_index("idx_images_session_id", "images", ["session_id"])
    op.create_table(
        "models",
        sa.Column("key", sa.Text, primary_key=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("name", "base", "type")),
        sa.Column("path", sa.Text, nullable=False, unique=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("config", "created_at", "updated_at")),
    )
    op.create_table(
        "state",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )


def downgrade() -> None:
    """Remove them again."""
    for table in ("state", "models", "images", "queue_items"):
        op.drop_table(table)
