"""Alembic's environment and the schema's versions, shipped as package data and run when the daemon starts."""
