"""The two kinds of record: ours are closed, documents from outside keep what we do not know."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Record(BaseModel):
    """An immutable record of ours: a misspelt field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())


class Document(BaseModel):
    """A record shared with other programs: unknown keys survive a round trip."""

    model_config = ConfigDict(extra="allow", protected_namespaces=())
