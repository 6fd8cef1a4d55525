"""A site for tests: speaks the paths of the hub and of Civitai, and fails in every way a script asks for."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import unquote, urlsplit

SHA = "f4b0486b498f84668e828044de1d0c8ba486e05b"


@dataclass
class Fault:
    """What goes wrong. ``times`` answers are like that, later ones are good."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    cut: int | None = None  # bytes after which the connection breaks
    cut_after: int | None = None  # the same, counted in each answer
    no_range: bool = False
    no_length: bool = False
    endless: bool = False
    pad: int = 0  # bytes too many
    times: int = 1_000_000


class Site:
    """``files`` by path; ``faults`` by path; ``asked`` is what came in, with headers."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.etags: dict[str, str] = {}
        self.faults: dict[str, Fault] = {}
        self.headers: dict[str, dict[str, str]] = {}
        self.needs_token = ""
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        self.hold = threading.Event()
        self.hold.set()
        self.on_answer: Callable[[str, int], None] = lambda path, sent: None
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                site.answer(self)

            def log_message(self, *_: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.web = f"http://localhost:{self._server.server_port}"  # any other site: not the hub

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.hold.set()
        self._server.shutdown()
        self._server.server_close()

    def repository(self, repo: str, files: dict[str, bytes], **about: Any) -> None:
        """Put a repository on the hub."""
        siblings: list[dict[str, Any]] = []
        for path, data in files.items():
            self.files[f"/{repo}/resolve/{SHA}/{path}"] = data
            entry: dict[str, Any] = {"rfilename": path, "size": len(data), "blobId": "0"}
            if path.endswith((".safetensors", ".bin", ".gguf", ".pt")):
                digest = hashlib.sha256(data).hexdigest()
                entry["lfs"] = {"sha256": digest, "size": len(data), "pointerSize": 130}
            siblings.append(entry)
        listing = {"id": repo, "sha": SHA, "siblings": siblings, "tags": [], **about}
        self.files[f"/api/models/{repo}/revision/main"] = json.dumps(listing).encode()

    def requests(self, path: str) -> list[dict[str, str]]:
        """The headers of all requests for a path."""
        return [headers for _, asked, headers in self.asked if asked.partition("?")[0] == path]

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        headers = {name.lower(): value for name, value in handler.headers.items()}
        self.asked.append((handler.command, handler.path, headers))
        path = unquote(urlsplit(handler.path).path)
        fault = self.faults.get(path)
        if fault and fault.times <= 0:
            fault = None
        if fault:
            fault.times -= 1
        if self.needs_token and headers.get("authorization") != f"Bearer {self.needs_token}":
            fault = Fault(status=401)
        data = fault.body if fault and fault.body is not None else self.files.get(path)
        if fault and fault.status:
            self._plain(handler, fault.status, fault.headers, fault.body or b"no")
        elif data is None:
            self._plain(handler, 404, {}, b"not found")
        else:
            self._send(handler, path, data, headers, fault or Fault())

    def _plain(self, handler: BaseHTTPRequestHandler, status: int, more: dict[str, str], body: bytes) -> None:
        handler.send_response(status)
        for name, value in more.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    def _send(
        self, handler: BaseHTTPRequestHandler, path: str, data: bytes, asked: dict[str, str], fault: Fault
    ) -> None:
        etag = self.etags.get(path, f'"{hashlib.md5(data).hexdigest()}"')
        start = 0
        if "range" in asked and not fault.no_range and asked.get("if-range", etag) == etag:
            start = int(asked["range"].removeprefix("bytes=").split("-")[0])
            if start >= len(data):
                self._plain(handler, 416, {"Content-Range": f"bytes */{len(data)}"}, b"")
                return
        handler.send_response(206 if start else 200)
        if start:
            handler.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        for name, value in {"ETag": etag, **self.headers.get(path, {}), **fault.headers}.items():
            handler.send_header(name, value)
        if fault.no_length or fault.endless:
            handler.send_header("Connection", "close")
        else:
            handler.send_header("Content-Length", str(len(data) - start + fault.pad))
        handler.end_headers()
        end = len(data) if fault.cut is None else min(len(data), max(fault.cut, start))
        end = end if fault.cut_after is None else min(end, start + fault.cut_after)
        try:
            self._body(handler, path, data, start, end)
            while fault.endless:
                handler.wfile.write(bytes(65536))
            if fault.pad:
                handler.wfile.write(bytes(fault.pad))
        except OSError:
            pass
        if end < len(data) or fault.no_length or fault.endless:
            handler.close_connection = True

    def _body(self, handler: BaseHTTPRequestHandler, path: str, data: bytes, start: int, end: int) -> None:
        for at in range(start, end, 16384):
            handler.wfile.write(data[at : min(at + 16384, end)])
            self.on_answer(path, at)
            if path.endswith(".safetensors"):
                self.hold.wait(20)
