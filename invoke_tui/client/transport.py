"""HTTP and WebSocket over the daemon's Unix socket, with the daemon's errors turned back into ours."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote

from invoke_tui.domain.errors import ExitCode, StudioError, UnreachableError, error_from_json
from invoke_tui.domain.events import EVENT, Event

if TYPE_CHECKING:
    import httpx

API: str = "/api/v1"
_CONNECT_TIMEOUT = 5.0
_ANSWER_TIMEOUT = 120.0  # ten thousand items on a busy, slow disk
_MAX_EVENT = 64 * 2**20

# httpx knows how to do without its command line, which brings click, pygments and half of rich: 3 MB
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]


class Transport:
    """Requests to one socket. httpx and websockets are imported on first use: the first paint needs neither."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket
        self._http: httpx.AsyncClient | None = None

    async def get(self, path: str, parameters: dict[str, Any] | None = None) -> bytes:
        """GET below the API's prefix."""
        given = {name: value for name, value in (parameters or {}).items() if value is not None}
        return await self._send("GET", path, params=given)

    async def get_made(self, path: str) -> bytes:
        """GET what the engine has yet to make, for as long as it takes."""
        import httpx

        return await self._send("GET", path, timeout=httpx.Timeout(None, connect=_CONNECT_TIMEOUT))

    async def post(
        self, path: str, body: dict[str, Any] | None, parameters: dict[str, Any] | None = None
    ) -> bytes:
        """POST a JSON object."""
        return await self._send("POST", path, json=body, params=parameters)

    async def post_bytes(self, path: str, body: bytes, parameters: dict[str, Any]) -> bytes:
        """POST a file."""
        return await self._send("POST", path, params=parameters, content=body)

    async def post_json(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """POST a JSON object and read one."""
        return cast("dict[str, Any]", json.loads(await self.post(path, body)))

    async def close(self) -> None:
        """Close the pooled connections."""
        if self._http is not None:
            await self._http.aclose()
            self._http = None

    async def stream(self, path: str, body: dict[str, Any], **query: bool) -> AsyncGenerator[str]:
        """POST a JSON object and read the answer line by line, for as long as it takes. Leaving early hangs up."""
        import httpx

        try:
            async with self._client().stream(
                "POST",
                quote(path),
                json=body,
                params=query,
                timeout=httpx.Timeout(None, connect=_CONNECT_TIMEOUT),
            ) as response:
                if not response.is_success:
                    await response.aread()
                    raise _reported(response)
                async for line in _lines(response.aiter_bytes()):
                    yield line
        except httpx.TransportError as error:
            raise _gone(self._socket) from error

    def _client(self) -> httpx.AsyncClient:
        import httpx

        if self._http is None:
            self._http = httpx.AsyncClient(
                # no certificate is asked for, and reading those of the world's authorities takes a megabyte
                transport=httpx.AsyncHTTPTransport(uds=str(self._socket), verify=False),
                base_url=f"http://studio{API}/",
                timeout=httpx.Timeout(_ANSWER_TIMEOUT, connect=_CONNECT_TIMEOUT),
                trust_env=False,
            )
        return self._http

    async def _send(self, method: str, path: str, **arguments: Any) -> bytes:
        import httpx

        try:
            response = await self._client().request(method, quote(path), **arguments)
        except httpx.TimeoutException as error:
            raise UnreachableError(
                "The studio does not answer.", hint="It may be very busy; see `invoke-tui studio logs`."
            ) from error
        except httpx.TransportError as error:
            raise _gone(self._socket) from error
        if response.is_success:
            return response.content
        raise _reported(response)

    async def events(self, since: int) -> AsyncIterator[Event]:
        """The event stream; ends only by an exception."""
        from websockets.asyncio.client import unix_connect
        from websockets.exceptions import WebSocketException

        try:
            async with unix_connect(
                str(self._socket),
                f"ws://studio{API}/events?since={since}",
                max_size=_MAX_EVENT,
                compression=None,
                open_timeout=_ANSWER_TIMEOUT,
                ping_interval=None,
            ) as stream:
                async for text in stream:
                    yield EVENT.validate_json(text)
        except (OSError, WebSocketException) as error:
            raise _gone(self._socket) from error
        raise _gone(self._socket)


async def _lines(pieces: AsyncIterator[bytes]) -> AsyncIterator[str]:
    """Whole lines; only a newline ends one, unlike in ``str.splitlines``."""
    rest = b""
    async for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        for line in whole:
            yield line.decode()


def _gone(socket: Path) -> UnreachableError:
    return UnreachableError(
        "The studio is not running.",
        hint=f"Start it with `invoke-tui studio start` (its socket is {socket}).",
    )


def _reported(response: httpx.Response) -> StudioError:
    try:
        body = response.json()
        return error_from_json(body["error"], int(body.get("exit_code", ExitCode.FAILED)))
    except (ValueError, KeyError, TypeError):
        return StudioError(
            f"The studio answered {response.status_code}.", hint="See `invoke-tui studio logs`."
        )
