"""An app over the fake studio."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from invoke_tui.config.settings import load
from invoke_tui.tui.app import InvokeTuiApp
from invoke_tui.tui.pictures.detect import TerminalGraphics
from tests.tui.fake_client import FakeClient

if TYPE_CHECKING:
    from invoke_tui.client import StudioClient


def make_app(
    root: Path, client: FakeClient | None = None, *, graphics: TerminalGraphics | None = None, **settings: Any
) -> InvokeTuiApp:
    """An app whose studio is ``client``; its root is a folder of its own."""
    fake = client or FakeClient()

    async def connect() -> StudioClient:
        return cast("StudioClient", fake)

    studio = load(root, **settings)
    studio.paths.state_dir.mkdir(parents=True, exist_ok=True)
    return InvokeTuiApp(studio, graphics or TerminalGraphics("blocks"), connect=connect)
