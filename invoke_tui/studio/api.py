"""The API as a whole."""

from __future__ import annotations

import time

from fastapi import FastAPI

import invoke_tui
from invoke_tui.studio import errors
from invoke_tui.studio.gate import Gate
from invoke_tui.studio.routes import (
    boards,
    gallery,
    history,
    imports,
    installs,
    keeping,
    library,
    memory,
    models,
    queue,
    replay,
    studio,
)
from invoke_tui.studio.services import Services

PREFIX = "/api/v1"


def create(services: Services) -> FastAPI:
    """The application that answers on the socket."""
    app = FastAPI(
        title="invoke-tui studio",
        version=invoke_tui.__version__,
        docs_url=None,
        redoc_url=None,
        openapi_url=f"{PREFIX}/openapi.json",
    )
    app.state.services = services
    app.state.last_request = time.monotonic()
    errors.install(app)
    app.add_middleware(Gate)
    for part in (
        studio,
        queue,
        gallery,
        boards,
        models,
        installs,
        imports,
        memory,
        library,
        history,
        replay,
        keeping,
    ):
        app.include_router(part.router, prefix=PREFIX)
    return app
