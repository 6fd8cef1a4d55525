"""What the studio has to know at its next start: texts by name, in the transaction of what they tell of."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.sqlite import insert

from invoke_tui.studio.database.tables import state

BEGUN: Final = "begun:"
"""How the names of works begin that are to be ended or undone after a crash."""


def get(connection: Connection, name: str) -> str | None:
    """What is known by this name."""
    found: str | None = connection.scalar(select(state.c.value).where(state.c.name == name))
    return found


def below(connection: Connection, prefix: str) -> dict[str, str]:
    """Everything whose name begins so."""
    chosen = select(state.c.name, state.c.value).where(state.c.name.startswith(prefix, autoescape=True))
    return {row[0]: row[1] for row in connection.execute(chosen.order_by(state.c.name))}


def put(connection: Connection, name: str, value: str) -> None:
    """Know this from now on."""
    statement = insert(state).values(name=name, value=value)
    connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_={"value": value}))


def drop(connection: Connection, name: str) -> None:
    """Know it no longer."""
    connection.execute(delete(state).where(state.c.name == name))
