"""One SQLite file per root: the schema, its migrations, and the one writer."""

from invoke_tui.studio.database.database import Database

__all__ = ["Database"]
