"""A studio of its own in a temporary folder, driven as its users do: by the ``invoke-tui`` command."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from invoke_tui.config.paths import locate

PATIENCE = 600.0
"""Seconds; waiting ends with what is waited for, so that only a broken or overloaded machine notices."""
_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
OFFLINE = dict.fromkeys(_PROXIES, "http://127.0.0.1:9") | {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}
"""A dead port for whoever wants the network."""


def program() -> list[str]:
    """The installed command, else the module."""
    script = Path(sys.executable).with_name("invoke-tui")
    return [str(script)] if script.exists() else [sys.executable, "-m", "invoke_tui.cli"]


class TemporaryStudio:
    """A root folder with nothing in it but ``model`` (a diffusers folder), and its daemon, stopped at the end."""

    def __init__(self, root: Path | None = None, *, model: str | None = None) -> None:
        self._made = root is None
        self.root = root or Path(tempfile.mkdtemp(prefix="invoke-tui-"))
        self.model = Path(model).name if model else None
        if model:
            shutil.copytree(model, self.root / "models" / Path(model).name)
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("INVOKE", "XDG_"))}
        self.environment = {
            **kept,
            **OFFLINE,
            "INVOKE_TUI_ROOT": str(self.root),
            "HF_HOME": str(self.root / "hf"),
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        if self._made:
            shutil.rmtree(self.root, ignore_errors=True)

    def stop(self) -> None:
        """Stop the daemon, by force where it does not go."""
        pid = self.status().get("pid")
        self.call("studio", "stop", check=False)
        if pid and _alive(pid):
            os.kill(pid, signal.SIGKILL)

    def call(self, *arguments: str, timeout: float = PATIENCE, check: bool = True) -> dict[str, Any]:
        """Run a verb with ``--json`` and return its document."""
        done = subprocess.run(
            [*program(), *arguments, "--json"],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        if check and done.returncode:
            raise RuntimeError(f"{arguments[:2]} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
        try:
            document: dict[str, Any] = json.loads(done.stdout)
        except ValueError:
            document = {}
        return document | {"exit_code": done.returncode}

    def ask(self, path: str) -> Any:
        """GET from the daemon, which must be running; quicker than a verb."""
        with self._http() as http:
            return http.get(path).raise_for_status().json()

    def enqueue(self, prompt: str, **settings: Any) -> list[int]:
        """Ask for pictures; the ids of the items."""
        request = {"positive_prompt": prompt, "model": self.model, **settings}
        with self._http() as http:
            answer = http.post("queue/enqueue", json={"request": request, "front": False}).raise_for_status()
        items: list[int] = answer.json()["item_ids"]
        return items

    def _http(self) -> httpx.Client:
        transport = httpx.HTTPTransport(uds=str(locate(self.root).socket))
        return httpx.Client(
            transport=transport, base_url="http://studio/api/v1/", timeout=60, trust_env=False
        )

    def status(self) -> dict[str, Any]:
        """The daemon at a glance."""
        return self.call("studio", "status", check=False)

    def worker(self, *states: str, timeout: float = PATIENCE) -> dict[str, Any]:
        """The worker, once it is in one of ``states``."""

        def found() -> dict[str, Any] | None:
            return next(
                (worker for worker in self.ask("status")["workers"] if worker["state"] in states), None
            )

        worker: dict[str, Any] = until(found, timeout)
        return worker

    def item(self, item_id: int) -> dict[str, Any]:
        """One item of the queue."""
        found: dict[str, Any] = self.ask(f"queue/{item_id}")
        return found

    def finished(self, item_id: int, timeout: float = PATIENCE) -> dict[str, Any]:
        """An item once nothing more will happen to it."""

        def found() -> dict[str, Any] | None:
            item = self.item(item_id)
            return item if item["status"] in ("completed", "failed", "canceled") else None

        item: dict[str, Any] = until(found, timeout)
        return item


def until(found: Callable[[], Any], timeout: float, pause: float = 0.1) -> Any:
    """What ``found`` returns once it is true."""
    deadline = time.monotonic() + timeout
    while not (result := found()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {timeout:.0f} s in vain")
        time.sleep(pause)
    return result


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True
