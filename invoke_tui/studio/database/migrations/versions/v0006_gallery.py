"""Pictures apart from what they say, which is searched; boards, ratings, the trash, saved searches."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_SHELF = (
    "CASE WHEN is_intermediate THEN -2 WHEN deleted_at IS NOT NULL THEN -1 "
    "WHEN image_category = 'general' THEN 0 ELSE 1 END"
)
_INDEXES: dict[str, list[Any]] = {
    "newest": ["shelf"],
    "board": ["board_id", "shelf"],
    "starred": ["shelf", "starred"],
    "rating": ["shelf", "rating"],
    "name": ["shelf", sa.text("name COLLATE NOCASE")],
    "size": ["shelf", "file_size"],
    "model": ["shelf", "model_name"],
}
_SEARCHED = ("positive_prompt", "negative_prompt", "name", "notes", "models")
_MOVED = (
    "image_name", "image_origin", "image_category", "width", "height", "is_intermediate", "starred", "has_workflow",
    "board_id", "created_at", "updated_at", "item_id", "session_id", "node_id",
)  # fmt: skip


def upgrade() -> None:
    """Make the narrow table and the wide one, move every picture, and keep the search in step by triggers."""
    op.rename_table("images", "images_before")
    for index in ("newest", "item_id", "session_id"):
        op.drop_index(f"idx_images_{index}", "images_before")
    _tables()
    _shelves()
    names = ", ".join(_MOVED)
    op.execute(
        f"INSERT INTO images ({names}, file) SELECT {names}, "
        "CASE image_subfolder WHEN '' THEN image_name ELSE image_subfolder || '/' || image_name END "
        "FROM images_before ORDER BY created_at"
    )
    op.execute(
        "INSERT INTO image_texts (id, metadata) "
        "SELECT images.id, images_before.metadata FROM images JOIN images_before USING (image_name)"
    )
    op.drop_table("images_before")
    _indexes()
    _search()


def _tables() -> None:
    op.create_table(
        "images",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("image_name", sa.Text, nullable=False, unique=True),
        sa.Column("file", sa.Text, nullable=False),
        sa.Column("image_origin", sa.Text, nullable=False),
        sa.Column("image_category", sa.Text, nullable=False),
        sa.Column("width", sa.Integer, nullable=False),
        sa.Column("height", sa.Integer, nullable=False),
        sa.Column("file_size", sa.Integer, nullable=False, server_default="0"),
        sa.Column("is_intermediate", sa.Boolean, nullable=False, server_default="0"),
        sa.Column("starred", sa.Boolean, nullable=False, server_default="0"),
        sa.Column("rating", sa.Integer, nullable=False, server_default="0"),
        sa.Column("has_workflow", sa.Boolean, nullable=False, server_default="0"),
        sa.Column("board_id", sa.Text),
        sa.Column("created_at", sa.Text, nullable=False),
        sa.Column("updated_at", sa.Text, nullable=False),
        sa.Column("deleted_at", sa.Text),
        sa.Column("shelf", sa.Integer, nullable=False, server_default="0"),
        sa.Column("item_id", sa.Integer),
        sa.Column("session_id", sa.Text),
        sa.Column("node_id", sa.Text),
        sa.Column("read_version", sa.Integer, nullable=False, server_default="0"),
        sa.Column("name", sa.Text, nullable=False, server_default=""),
        sa.Column("seed", sa.Integer),
        sa.Column("steps", sa.Integer),
        sa.Column("cfg_scale", sa.Float),
        *(
            sa.Column(name, sa.Text)
            for name in ("scheduler", "model_name", "model_base", "loras", "features", "program")
        ),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "image_texts",
        sa.Column("id", sa.Integer, sa.ForeignKey("images.id", ondelete="CASCADE"), primary_key=True),
        *(sa.Column(name, sa.Text, nullable=False, server_default="") for name in _SEARCHED),
        sa.Column("metadata", sa.Text),
    )
    op.create_table(
        "boards",
        sa.Column("board_id", sa.Text, primary_key=True),
        sa.Column("board_name", sa.Text, nullable=False),
        sa.Column("parent_id", sa.Text, sa.ForeignKey("boards.board_id", ondelete="SET NULL")),
        sa.Column("cover_image_name", sa.Text),
        sa.Column("archived", sa.Boolean, nullable=False, server_default="0"),
        sa.Column("created_at", sa.Text, nullable=False),
        sa.Column("updated_at", sa.Text, nullable=False),
    )
    op.create_table(
        "searches",
        sa.Column("search_id", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False, unique=True),
        sa.Column("query", sa.Text, nullable=False),
        sa.Column("created_at", sa.Text, nullable=False),
    )


def _shelves() -> None:
    for verb, event in {
        "insert": "INSERT",
        "update": "UPDATE OF is_intermediate, deleted_at, image_category",
    }.items():
        op.execute(
            f"CREATE TRIGGER images_shelf_{verb} AFTER {event} ON images "
            f"BEGIN UPDATE images SET shelf = {_SHELF} WHERE id = new.id; END"
        )


def _indexes() -> None:
    for name, columns in _INDEXES.items():
        op.create_index(f"idx_images_{name}", "images", [*columns, "created_at"])
    for name in ("seed", "file", "item_id", "session_id"):
        op.create_index(f"idx_images_{name}", "images", [name])
    op.create_index("idx_images_unread", "images", ["read_version"])


def _search() -> None:
    names = ", ".join(_SEARCHED)
    before, after = (", ".join(f"{side}.{name}" for name in _SEARCHED) for side in ("old", "new"))
    forget = f"INSERT INTO image_search (image_search, rowid, {names}) VALUES ('delete', old.id, {before});"
    learn = f"INSERT INTO image_search (rowid, {names}) VALUES (new.id, {after});"
    op.execute(
        f"CREATE VIRTUAL TABLE image_search USING fts5({names}, content='image_texts', content_rowid='id', "
        "tokenize='unicode61 remove_diacritics 2', prefix='2 3')"
    )
    for event, work in {
        "INSERT": learn,
        "DELETE": forget,
        f"UPDATE OF {names}": forget + learn,
    }.items():
        verb = event.split()[0].lower()
        op.execute(f"CREATE TRIGGER image_texts_{verb} AFTER {event} ON image_texts BEGIN {work} END")
    op.execute("INSERT INTO image_search (image_search) VALUES ('rebuild')")


def downgrade() -> None:
    """There is no way back: the daemon keeps a copy of the database from before."""
    raise NotImplementedError("restore the backup that was made before")
