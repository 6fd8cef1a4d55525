"""Whom a download may talk to: public addresses only, judged by the socket that was really connected.

A name can resolve to one address when it is checked and to another when it is used, so names are never judged. The
peer of the connected socket is, before a byte is sent to it: no request and no token reaches this machine's own
services, the local network or a cloud's metadata service.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import urlsplit

import httpcore
import httpx

from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.text import safe_text

_AZURE: Final = ipaddress.ip_address("168.63.129.16")  # a host's own services, behind a public number
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")
_ISATAP: Final = (b"\x00\x00\x5e\xfe", b"\x02\x00\x5e\xfe")


class ForbiddenAddressError(BadInputError):
    """An address that a download must not reach."""

    default_code = "forbidden_address"

    def __init__(self, what: str, why: str) -> None:
        super().__init__(
            f"{safe_text(what, limit=200)} is not downloaded from: {why}.",
            hint="If it is meant, set allow_private_download_urls: true in the configuration.",
        )


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the open internet. Everything that wraps another address is looked into."""
    try:
        found = ipaddress.ip_address(address.split("%")[0])
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped or found.sixtofour or found.teredo:
            return False
        if found in _NAT64:
            return is_public(str(ipaddress.IPv4Address(found.packed[12:])))
        if found.packed[8:12] in _ISATAP:
            return False
    return found.is_global and not found.is_multicast and not found.is_reserved and found != _AZURE


def check_url(url: str, *, allow_private: bool) -> None:
    """Refuse an address by its looks: other schemes, names and passwords, numbers of private networks."""
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        raise ForbiddenAddressError("An unreadable address", "it cannot be read") from None
    if parts.scheme not in ("http", "https"):
        raise ForbiddenAddressError(
            f"{parts.scheme or 'An address without scheme'}:", "only http and https are"
        )
    if parts.username is not None or parts.password is not None:
        raise ForbiddenAddressError(host, "the address carries a name and a password")
    if not host:
        raise ForbiddenAddressError("An address without a host", "it names nobody")
    if not allow_private and (_is_number(host) and not is_public(host)):
        raise ForbiddenAddressError(host, "it is not in the open internet")


def check_host(host: str, port: int) -> None:
    """Refuse a name that leads to a private address now. For what another program connects to: a proxy, the hub's
    own client."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        return  # who cannot be found cannot be reached: the one who connects says so
    if any(not is_public(str(entry[4][0])) for entry in found):
        raise ForbiddenAddressError(host, "it is not in the open internet")


class GuardedTransport(httpx.AsyncHTTPTransport):
    """Connects directly and to public addresses only. Proxies of the environment are ignored."""

    def __init__(self, *, allow_private: bool) -> None:
        context = (
            httpx.create_ssl_context()
        )  # with the certificates of SSL_CERT_FILE: an office may have its own
        super().__init__(verify=context, trust_env=False)
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=context,
            max_connections=32,
            max_keepalive_connections=8,
            keepalive_expiry=15,
            network_backend=None if allow_private else _PublicOnly(),
        )


class _PublicOnly(httpcore.AsyncNetworkBackend):
    def __init__(self) -> None:
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        stream = await self._inner.connect_tcp(host, port, timeout, local_address, socket_options)
        peer = stream.get_extra_info("server_addr")
        if not peer or not is_public(str(peer[0])):
            await stream.aclose()
            raise ForbiddenAddressError(host, "it is not in the open internet")
        return stream

    async def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.AsyncNetworkStream:
        raise ForbiddenAddressError("A socket of this machine", "it is not in the open internet")

    async def sleep(self, seconds: float) -> None:
        await self._inner.sleep(seconds)


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host.split("%")[0])
    except ValueError:
        return False
    return True
