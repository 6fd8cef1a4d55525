"""What a check says."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Final, Literal

Status = Literal["ok", "warning", "error"]
GIB: Final = 2**30


@dataclass(frozen=True)
class Check:
    """One finding, and what to do about it."""

    name: str
    status: Status
    detail: str
    remedy: str = ""

    def as_json(self) -> dict[str, str]:
        """Return the finding for scripts."""
        return asdict(self)


def gib(count: float) -> str:
    """Return bytes in GiB."""
    return f"{count / GIB:.1f} GiB"
