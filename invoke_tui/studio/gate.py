"""What every request passes first: no browsers, no oversized bodies, and the clock of the idle stop."""

from __future__ import annotations

import time
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

import invoke_tui
from invoke_tui.studio.errors import ForbiddenOriginError, TooLargeError, respond

BODY_LIMIT: Final = 64 * 2**20


class Gate:
    """ASGI middleware around the whole API."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it here."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        scope["app"].state.last_request = time.monotonic()
        headers = dict(scope["headers"])
        if b"origin" in headers:
            error = ForbiddenOriginError(
                "The studio answers its own front ends only, not web pages.", hint="Use invoke-tui."
            )
            if scope["type"] == "websocket":
                await receive()
                await send({"type": "websocket.close", "code": 1008, "reason": error.code})
            else:
                await respond(error)(scope, receive, send)
            return
        if scope["type"] == "websocket":
            await self._app(scope, receive, send)
            return
        length = headers.get(b"content-length", b"0")
        if not length.isdigit() or int(length) > BODY_LIMIT:
            await respond(_too_large())(scope, receive, send)
            return
        await self._app(scope, _counted(receive), _stamped(send))


def _counted(receive: Receive) -> Receive:
    """A body without a stated length is counted as it comes."""
    total = 0

    async def counted() -> Message:
        nonlocal total
        message = await receive()
        total += len(message.get("body", b""))
        if total > BODY_LIMIT:
            raise _too_large()
        return message

    return counted


def _stamped(send: Send) -> Send:
    async def stamped(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [
                *message.get("headers", []),
                (b"x-invoke-tui-version", invoke_tui.__version__.encode()),
            ]
        await send(message)

    return stamped


def _too_large() -> TooLargeError:
    return TooLargeError(f"The request is larger than {BODY_LIMIT // 2**20} MiB.")
