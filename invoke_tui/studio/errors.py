"""Errors as the daemon's answers: StudioError's JSON, an exit code for scripts, and a fitting HTTP status."""

from __future__ import annotations

import logging
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from invoke_tui.domain.errors import BadInputError, ExitCode, NotFoundError, StudioError

_BY_EXIT_CODE: Final = {
    ExitCode.BAD_INPUT: 400,
    ExitCode.NOT_FOUND: 404,
    ExitCode.CANCELED: 409,
    ExitCode.UNREACHABLE: 503,
}
_BY_CODE: Final = {"queue_full": 409, "disk_full": 507, "forbidden_origin": 403, "too_large": 413}
_log = logging.getLogger(__name__)


class ForbiddenOriginError(BadInputError):
    """A browser asked. Front ends of ours send no Origin, and no web page has any business here."""

    default_code = "forbidden_origin"


class TooLargeError(BadInputError):
    """The request's body is larger than anything we ask for."""

    default_code = "too_large"


def body(error: StudioError) -> dict[str, Any]:
    """The JSON of an error."""
    return {"error": error.as_json(), "exit_code": int(error.exit_code)}


def status(error: StudioError) -> int:
    """The HTTP status of an error."""
    return _BY_CODE.get(error.code) or _BY_EXIT_CODE.get(error.exit_code, 500)


def respond(error: StudioError) -> JSONResponse:
    """An error as an answer."""
    return JSONResponse(body(error), status(error))


def install(app: FastAPI) -> None:
    """Answer every error in the same words."""

    @app.exception_handler(StudioError)
    async def studio(_request: Request, error: StudioError) -> JSONResponse:
        return respond(error)

    @app.exception_handler(RequestValidationError)
    async def invalid(_request: Request, error: RequestValidationError) -> JSONResponse:
        return respond(BadInputError(_explain(error)))

    @app.exception_handler(HTTPException)
    async def http(_request: Request, error: HTTPException) -> JSONResponse:
        kind = NotFoundError if error.status_code == 404 else BadInputError
        answer = kind(f"The studio has no such address: {error.detail}.", code="no_such_address")
        return JSONResponse(body(answer), error.status_code)

    @app.exception_handler(Exception)
    async def unforeseen(request: Request, error: Exception) -> JSONResponse:
        _log.error("unforeseen error in %s %s", request.method, request.url.path, exc_info=error)
        answer = StudioError(
            f"The studio stumbled: {type(error).__name__}: {error}.",
            hint="Its log has the details.",
            code="internal",
        )
        return respond(answer)


def _explain(error: RequestValidationError) -> str:
    """Which field is wrong, and why; the first few."""
    problems = []
    for detail in error.errors()[:3]:
        where = ".".join(str(part) for part in detail["loc"][1:])
        problems.append(f"{where}: {detail['msg']}" if where else str(detail["msg"]))
    return "; ".join(problems) + "."
