"""Tokens for downloads, by the addresses they are for."""

from __future__ import annotations

import re

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator


class UrlToken(BaseModel):
    """A token sent to the addresses that match a pattern."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url_regex: str = Field(description="Regular expression the address must match")
    token: SecretStr = Field(description="Sent as a bearer token")

    @field_validator("url_regex")
    @classmethod
    def _compiles(cls, value: str) -> str:
        try:
            re.compile(value)
        except re.error as error:
            raise ValueError(f"not a regular expression: {error}") from error
        return value
