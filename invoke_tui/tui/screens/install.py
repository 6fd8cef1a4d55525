"""Install: one line for every kind of source, and the starter models below it."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Input, Static

from invoke_tui.domain.errors import StudioError
from invoke_tui.domain.models.installs import InstallRequest, SourceReading
from invoke_tui.domain.text import safe_text
from invoke_tui.tui import actions
from invoke_tui.tui.beside import alongside, beside
from invoke_tui.tui.modal import ModalScreen
from invoke_tui.tui.widgets.fields import SmallButton, Toggle
from invoke_tui.tui.widgets.install_source import InstallSource
from invoke_tui.tui.widgets.install_starters import StarterRows
from invoke_tui.tui.widgets.model_rows import Rows

if TYPE_CHECKING:
    from invoke_tui.tui.base import StudioApp
    from invoke_tui.tui.screens.model_desk import ModelDesk

TYPED: Final = 0.2
"""Seconds of quiet before the studio is asked what a source means."""
EXAMPLES: Final = (
    ("a path", "/data/ink.safetensors"),
    ("hub", "org/repo  org/repo:fp16  org/repo::vae"),
    ("address", "https://…/model.safetensors"),
    ("Civitai", "a page, or urn:air:sdxl:lora:civitai:827184@2514310"),
)


class InstallScreen(ModalScreen[None], inherit_bindings=False):
    """A source, what was understood of it, and what can be had without knowing one."""

    place: ClassVar[actions.Place] = "install"
    places: ClassVar[tuple[actions.Place, ...]] = ("install", "list", "dialog")
    BINDINGS: ClassVar[list[BindingType]] = [*actions.bindings("install"), *actions.bindings("dialog")]
    AUTO_FOCUS = ""
    help_title = "Install"
    help_text = (
        "Type where a model comes from, or words that narrow the list of starter models below. What is understood is "
        "said before anything is fetched. Installs go on when this window or the terminal is closed."
    )

    def __init__(self, desk: ModelDesk) -> None:
        super().__init__()
        self._desk = desk

    def compose(self) -> ComposeResult:
        """Source, its meaning, starters, buttons."""
        with Vertical(classes="dialog -large", id="install"):
            yield Static(Content("Install a model"), classes="dialog-title")
            with Horizontal(id="install-bar"):
                yield Static(Content("Source "), id="install-label")
                yield InstallSource()
            yield Static(id="install-meaning")
            yield Static(Content("Starter bundles and models"), classes="heading")
            yield StarterRows()
            with Horizontal(id="install-foot"):
                yield SmallButton(
                    " Install ", help_text="Begins to install the source above.", id="install-start"
                )
                yield Toggle(
                    "use a local file where it lies",
                    help_text="For a path: no copy is made, and its files are never deleted with the record",
                    id="install-in-place",
                )
            keys = "enter install   ↓ starter models   / source   esc back   F1 help"
            yield Static(Content(keys), classes="dialog-keys")

    def on_mount(self) -> None:
        """Fetch the starters."""
        self._say(_examples())
        self.set_focus(self.query_one(InstallSource))
        alongside(self, "install-starters", self._starters)

    async def _starters(self) -> None:
        studio = cast("StudioApp", self.app)
        try:
            client = await studio.link.client()
            starters = await client.starters()
        except StudioError as error:
            self._say(_told(error))
            return
        self.query_one(StarterRows).show(starters)

    def _say(self, content: Content) -> None:
        self.query_one("#install-meaning", Static).update(content)

    # -- the source -----------------------------------------------------------------------------------------------

    def _request(self, text: str) -> InstallRequest:
        return InstallRequest(
            source=_absolute(text),
            in_place=_is_path(text) and self.query_one("#install-in-place", Toggle).value,
        )

    @on(Input.Changed, "#install-source")
    def _typed(self, event: Input.Changed) -> None:
        text = event.value.strip()
        self.query_one(StarterRows).show_words(text)
        beside(self, "install-read", self._read, text)

    async def _read(self, text: str) -> None:
        if not text:
            self._say(_examples())
            return
        await asyncio.sleep(TYPED)
        try:
            client = await cast("StudioApp", self.app).link.client()
            said = _meaning(await client.read_source(self._request(text)))
        except StudioError as error:
            said = self._fitting() or _told(error)
        if not self.query_one(StarterRows).has_focus:
            self._say(said)

    def _fitting(self) -> Content | None:
        """What is no source may still be the words of a starter model."""
        rows = self.query_one(StarterRows)
        if not rows.fitting:
            return None
        fit = (
            "1 starter model fits; ↓ goes to it."
            if rows.row_count == 1
            else f"{rows.row_count} starter models fit; ↓ goes to them."
        )
        return Content.styled(fit, "$text-muted")

    @on(Input.Submitted, "#install-source")
    def _submitted(self, event: Input.Submitted) -> None:
        self._install(event.value.strip())

    @on(SmallButton.Pressed, "#install-start")
    def _pressed(self) -> None:
        self._install(self.query_one(InstallSource).value.strip())

    @on(Rows.Moved, "#install-starters")
    def _moved(self) -> None:
        """What the line under the cursor brings."""
        rows = self.query_one(StarterRows)
        if (offer := rows.offer) is not None and rows.has_focus:
            needs = f"\nwith {offer.needs}" if offer.needs else ""
            self._say(Content.assemble((offer.name, "bold"), f" · {offer.kind}", (needs, "$text-muted")))

    @on(Rows.Opened, "#install-starters")
    def action_start(self) -> None:
        """Install the line under the cursor."""
        offer = self.query_one(StarterRows).offer
        if offer is None:
            return
        if offer.here == offer.of:
            self.notify(f"{offer.name} is installed already.", timeout=2, markup=False)
            return
        self._install(offer.source)

    def _install(self, text: str) -> None:
        if not text:
            self.notify("Type a source first, or choose a starter model below.", timeout=3, markup=False)
            return
        beside(self, "install-start", self._start, self._request(text))

    async def _start(self, request: InstallRequest) -> None:
        try:
            await self._desk.install(request)
        except StudioError as error:
            self._say(_told(error))
            self.query_one(InstallSource).focus()
            return
        self.dismiss(None)

    # -- moving ---------------------------------------------------------------------------------------------------

    def action_path(self) -> None:
        """To the source's field."""
        self.set_focus(self.query_one(InstallSource))

    def action_close(self) -> None:
        """Back; what was started goes on."""
        self.dismiss(None)


def _is_path(text: str) -> bool:
    return text.startswith(("/", "~", "./", "../"))


def _absolute(text: str) -> str:
    """A path as the studio can read it: it may run in another folder. Everything else as it is."""
    return os.path.abspath(Path(text).expanduser()) if _is_path(text) else text


def _examples() -> Content:
    parts: list[tuple[str, str]] = []
    for kind, example in EXAMPLES:
        parts += [(f"{kind:<9}", "$text-muted"), (f"{example}\n", "")]
    return Content.assemble(*parts)


def _meaning(reading: SourceReading) -> Content:
    mark = ("✓ ", "$text-success") if reading.there else ("! ", "$text-warning")
    return Content.assemble(mark, safe_text(reading.text, limit=800))


def _told(error: StudioError) -> Content:
    hint = safe_text(error.hint, limit=600)
    return Content.assemble(
        (f"✗ {safe_text(error.message, limit=600)}", "$text-error"),
        (f"\n{hint}" if hint else "", "$text-muted"),
    )
