"""One error type from the innermost room to the screen: what happened, why, and what to do next."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """The exit codes scripts may rely on."""

    DONE = 0
    FAILED = 1
    BAD_INPUT = 2
    NOT_FOUND = 3
    CANCELED = 4
    UNREACHABLE = 5
    DIFFERS = 6
    INTERRUPTED = 130


class StudioError(Exception):
    """An error a person can act on.

    ``code`` is a stable snake_case word for scripts, ``hint`` says what to do next (may be empty).
    """

    exit_code = ExitCode.FAILED
    default_code = "failed"

    def __init__(self, message: str, *, hint: str = "", code: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.code = code or self.default_code

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()

    def as_json(self) -> dict[str, str]:
        """The ``error`` object of ``--json`` output and of the daemon's responses."""
        return {"code": self.code, "message": self.message, "hint": self.hint}


class BadInputError(StudioError):
    """A value, file or configuration that cannot be used as given."""

    exit_code = ExitCode.BAD_INPUT
    default_code = "bad_input"


class NotFoundError(StudioError):
    """A model, image, item or file that is not there."""

    exit_code = ExitCode.NOT_FOUND
    default_code = "not_found"


class CanceledError(StudioError):
    """The work was canceled on request."""

    exit_code = ExitCode.CANCELED
    default_code = "canceled"


class UnreachableError(StudioError):
    """The studio daemon cannot be reached or started."""

    exit_code = ExitCode.UNREACHABLE
    default_code = "unreachable"


ERROR_KINDS: tuple[type[StudioError], ...] = (
    BadInputError,
    NotFoundError,
    CanceledError,
    UnreachableError,
    StudioError,
)
"""Every kind, so that an ``exit_code`` that crossed a process boundary finds its class again."""


def error_from_json(error: dict[str, str], exit_code: int) -> StudioError:
    """Rebuild the error another process reported."""
    kind = next((k for k in ERROR_KINDS if k.exit_code == exit_code), StudioError)
    return kind(error.get("message", "unknown error"), hint=error.get("hint", ""), code=error.get("code", ""))
