"""HTTP for downloads: guarded connections, redirects that are judged one by one, tokens that stay with their host."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar
from urllib.parse import urljoin, urlsplit

import httpx

import invoke_tui
from invoke_tui.domain.errors import StudioError
from invoke_tui.studio.models.install.errors import CutError, DownloadError, host_of, login_page, refused
from invoke_tui.studio.models.install.guard import (
    ForbiddenAddressError,
    GuardedTransport,
    check_host,
    check_url,
)
from invoke_tui.studio.models.install.tokens import Tokens

T = TypeVar("T")
LONGEST_PAUSE: Final = 120.0
"""Seconds a server may ask us to wait; beyond, the job ends with an error and can be resumed."""
ATTEMPTS: Final = 6
"""Attempts in a row that bring nothing."""
FIRST_PAUSE = 0.5
_JSON_LIMIT: Final = 2**24
_REDIRECTS: Final = 10
_TIMEOUT: Final = httpx.Timeout(60, connect=20)
_TRY_AGAIN: Final = frozenset({408, 425, 429, 500, 502, 503, 504})

for _name in ("httpx", "httpcore"):  # they log addresses, and signed ones hold secrets
    logging.getLogger(_name).setLevel(logging.WARNING)


class Web:
    """Asks the internet. One for all jobs; connections are shared."""

    def __init__(self, tokens: Tokens, *, allow_private: bool = False, proxy: str | None = None) -> None:
        self.tokens = tokens
        self.allow_private = allow_private
        self.proxy = proxy
        self._client: httpx.AsyncClient | None = None

    async def close(self) -> None:
        """Close the pooled connections."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    @asynccontextmanager
    async def get(
        self,
        url: str,
        headers: Mapping[str, str] | None = None,
        *,
        token: str | None = None,
        use_token: bool = True,
    ) -> AsyncIterator[httpx.Response]:
        """A successful answer (200, 206 or 416) whose body has not been read; never decoded.

        ``token`` goes before the configured one. Raises ``CutError`` when another attempt is worth it, and a
        ``StudioError`` when it is not.
        """
        secret = token or (self.tokens.for_url(url) if use_token else None)
        origin, here = _origin(url), url
        for _ in range(_REDIRECTS + 1):
            await self._check(here)
            own = {"Authorization": f"Bearer {secret}"} if secret and _origin(here) == origin else {}
            request = self._open().build_request("GET", here, headers={**_HEADERS, **(headers or {}), **own})
            try:
                response = await self._open().send(request, stream=True)
            except httpx.TransportError as error:
                raise CutError(f"{host_of(here)} cannot be reached ({_told(error)})") from error
            except (httpx.InvalidURL, UnicodeError, ValueError) as error:
                raise DownloadError(f"{host_of(url)} has an address that cannot be used.") from error
            try:
                if response.has_redirect_location:
                    here = self._next(here, response.headers["location"])
                    continue
                _check_status(here, response, had_token=bool(secret))
                try:
                    yield response
                except httpx.TransportError as error:
                    raise CutError(f"{host_of(here)} broke off ({_told(error)})") from error
                return
            finally:
                await response.aclose()
        raise DownloadError(f"{host_of(url)} redirects without end.", code="redirects")

    async def body(
        self, url: str, *, limit: int, token: str | None = None, use_token: bool = True
    ) -> tuple[bytes, str]:
        """A small document, whole, and its content type."""
        async with self.get(url, token=token, use_token=use_token) as response:
            data = bytearray()
            async for piece in response.aiter_raw():
                data += piece
                if len(data) > limit:
                    raise DownloadError(f"{host_of(url)} sent more than {limit:,} bytes.", code="too_long")
            return bytes(data), response.headers.get("content-type", "")

    async def json(
        self, url: str, *, token: str | None = None, use_token: bool = True, attempts: int = ATTEMPTS
    ) -> Any:
        """A JSON document of at most 16 MB."""
        data, kind = await patiently(
            lambda: self.body(url, limit=_JSON_LIMIT, token=token, use_token=use_token), attempts
        )
        if looks_like_page(data, kind):
            raise login_page(url, had_token=bool(token or self.tokens.for_url(url)))
        try:
            return json.loads(data)
        except (ValueError, RecursionError) as error:
            raise DownloadError(
                f"{host_of(url)} sent something that is no JSON.", code="bad_answer"
            ) from error

    async def _check(self, url: str) -> None:
        check_url(url, allow_private=self.allow_private)
        if self.proxy and not self.allow_private:
            # the proxy connects for us: its choice of address cannot be seen, the name's can
            parts = urlsplit(url)
            await asyncio.to_thread(check_host, parts.hostname or "", parts.port or 443)

    def _next(self, here: str, location: str) -> str:
        there = urljoin(here, location)
        if urlsplit(here).scheme == "https" and urlsplit(there).scheme == "http" and not self.allow_private:
            raise ForbiddenAddressError(host_of(there), "the way there leaves encryption")
        return there

    def _open(self) -> httpx.AsyncClient:
        if self._client is None:
            transport = (
                httpx.AsyncHTTPTransport(verify=httpx.create_ssl_context(), proxy=self.proxy, trust_env=False)
                if self.proxy
                else GuardedTransport(allow_private=self.allow_private)
            )
            self._client = httpx.AsyncClient(
                transport=transport, trust_env=False, timeout=_TIMEOUT, follow_redirects=False
            )
        return self._client


_HEADERS: Final = {
    "Accept-Encoding": "identity",
    "User-Agent": f"invoke-tui/{invoke_tui.__version__}",
}


async def patiently(work: Callable[[], Awaitable[T]], attempts: int = ATTEMPTS) -> T:
    """Do ``work`` again while its connection breaks, with growing pauses or those the server asks for."""
    for attempt in range(attempts):
        try:
            return await work()
        except CutError as error:
            if attempt == attempts - 1:
                hint = "Check the connection and try again."
                raise DownloadError(f"{error}.", hint=hint) from error
            await asyncio.sleep(pause_for(error, attempt))
    raise AssertionError("the last attempt returns or raises")


def pause_for(error: CutError, attempt: int) -> float:
    """Seconds until the attempt after number ``attempt``, counted from 0."""
    return error.pause if error.pause is not None else FIRST_PAUSE * 2**attempt


def looks_like_page(head: bytes, content_type: str = "") -> bool:
    """Whether what arrived is a web page."""
    start = head[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return content_type.lower().startswith("text/html") or start.startswith((b"<!doctype html", b"<html"))


def retry_after(value: str | None) -> float | None:
    """The seconds of a Retry-After header; dates are answered with a minute."""
    if value is None:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        return 60.0


def _check_status(url: str, response: httpx.Response, *, had_token: bool) -> None:
    status = response.status_code
    if status in (200, 206, 416):
        return
    if status in _TRY_AGAIN:
        pause = retry_after(response.headers.get("retry-after"))
        if pause is not None and pause > LONGEST_PAUSE:
            raise _busy(url, status, pause)
        raise CutError(f"{host_of(url)} is busy ({status})", pause)
    gated = response.headers.get("x-error-code") == "GatedRepo"
    raise refused(url, status, gated=gated, had_token=had_token)


def _busy(url: str, status: int, pause: float) -> StudioError:
    return DownloadError(
        f"{host_of(url)} wants a pause of {pause:.0f} seconds ({status}).",
        hint="Resume the job then; what is here is kept.",
        code="rate_limited",
    )


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port


def _told(error: Exception) -> str:
    words = type(error).__name__
    return "time is up" if "Timeout" in words else "no connection" if "Connect" in words else "cut off"
