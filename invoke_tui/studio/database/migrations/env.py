"""Alembic's entry: migrates the connection it is handed, and no other."""

from alembic import context

from invoke_tui.studio.database.tables import metadata

context.configure(
    connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True
)
context.run_migrations()
