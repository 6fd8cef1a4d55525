"""Scan: look through folders, see what is in them, choose."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Input, Static

from invoke_tui.domain.errors import StudioError
from invoke_tui.domain.text import safe_text
from invoke_tui.tui import actions, complete
from invoke_tui.tui.beside import beside
from invoke_tui.tui.modal import ModalScreen
from invoke_tui.tui.scan_run import STATUSES, ScanRun
from invoke_tui.tui.widgets.fields import SmallButton, Toggle
from invoke_tui.tui.widgets.model_rows import Rows
from invoke_tui.tui.widgets.scan_list import COLOURS, ROOTS, ScanFolders, ScanList
from invoke_tui.tui.widgets.scan_path import PATHS, ScanPath
from invoke_tui.tui.words import bar, size

if TYPE_CHECKING:
    from invoke_tui.domain.models.records import ModelRecord
    from invoke_tui.tui.base import StudioApp
    from invoke_tui.tui.screens.model_desk import ModelDesk

LOOK_EVERY: Final = 0.1
TYPED: Final = 0.1
"""Seconds of quiet before the folders of a typed path are looked up."""
WIDE: Final = 100
"""Columns from which states that were not found are counted too."""
Part = tuple[str, str]


class ScanScreen(ModalScreen[None], inherit_bindings=False):
    """A folder, what was found, what is chosen. Closing it ends nothing."""

    place: ClassVar[actions.Place] = "scan"
    places: ClassVar[tuple[actions.Place, ...]] = ("scan", "list", "folders", "dialog")
    BINDINGS: ClassVar[list[BindingType]] = [*actions.bindings("scan"), *actions.bindings("dialog")]
    AUTO_FOCUS = ""
    help_title = "Scan for models"
    help_text = (
        "Looks through a folder and says of every model file what it is. Nothing is moved and nothing is run. Choose "
        "with space, or everything new with a, then i. The scan goes on when this window is closed."
    )

    def __init__(self, desk: ModelDesk, missing: ModelRecord | None = None) -> None:
        """``missing`` is the model under the cursor; when its files are gone, its folder is where to begin."""
        super().__init__()
        self._desk = desk
        self._only = ""
        self._seen = -1
        self._begin = _nearest(missing.path) if missing is not None and missing.missing else ""

    def compose(self) -> ComposeResult:
        """Folder, counts, finds or remembered folders, a word about the line under the cursor."""
        with Vertical(classes="dialog -large", id="scan"):
            yield Static(Content("Scan for models"), classes="dialog-title")
            with Horizontal(id="scan-bar"):
                yield Static(Content("Folder "), id="scan-label")
                yield ScanPath()
            yield Static(id="scan-hint")
            yield Static(id="scan-counts")
            yield ScanList()
            yield ScanFolders()
            yield Static(id="scan-word")
            with Horizontal(id="scan-foot"):
                yield SmallButton(
                    " Install ", help_text="Puts what is chosen on the list.", id="scan-install"
                )
                yield Toggle(
                    "copy into the models folder",
                    help_text="Copies the files; otherwise they are used where they lie",
                    id="scan-copy",
                )
                yield Static(id="scan-chosen")
            yield Static(id="scan-keys", classes="dialog-keys")

    def on_mount(self) -> None:
        """What goes on, or what is remembered."""
        self.set_interval(LOOK_EVERY, self._look)
        beside(self, "scan-folders", self._remembered)
        field = self.query_one(ScanPath)
        field.value = self._begin
        field.cursor_position = len(self._begin)
        self._look()
        going_on = self._run is not None and (self._run.busy or bool(self._run.chosen))
        self.set_focus(self.query_one(ScanList) if going_on and not self._begin else field)

    @property
    def _run(self) -> ScanRun | None:
        return self._desk.scan

    async def _remembered(self) -> None:
        try:
            client = await cast("StudioApp", self.app).link.client()
            folders = await client.scan_folders()
        except StudioError:
            return  # the list stays empty; the scan itself will say what is wrong
        self.query_one(ScanFolders).show(folders)
        self._lay_out()

    # -- looking --------------------------------------------------------------------------------------------------

    def _look(self) -> None:
        """Show what is new of the scan."""
        run = self._run
        changes = run.changes if run is not None else -2
        if changes == self._seen:
            return
        self._seen = changes
        self.query_one(ScanList).show(run, self._only)
        self._lay_out()
        self._tell()

    def _lay_out(self) -> None:
        run, folders = self._run, self.query_one(ScanFolders)
        self.query_one(ScanList).display = run is not None
        folders.display = run is None
        self.query_one("#scan-foot").display = run is not None
        keys = "enter scan   tab complete   ↓ list   esc back   F1 help"
        if run is not None:
            keys = "space choose  a all  n none  i install  f state  x cancel  / folder  F1"
        elif folders.folders:
            keys = "enter scan   tab complete   ↓ remembered folders   d forget   esc back   F1 help"
        self.query_one("#scan-keys", Static).update(Content(keys))
        self.query_one("#scan-counts", Static).update(self._counts())
        if not self.query_one(ScanPath).has_focus:
            self._hint(self._recognised())

    def _counts(self) -> Content:
        run = self._run
        if run is None:
            folders = len(self.query_one(ScanFolders).folders)
            said = "Remembered folders; an empty field looks through all of them:" if folders else ""
            return Content.styled(said, "$text-muted")
        parts: list[Part] = []
        for status in ("", *STATUSES):
            number = run.counts[status] if status else len(run.entries)
            chosen = status == self._only
            if not number and not chosen and self.size.width < WIDE:
                continue
            style = "reverse bold" if chosen else COLOURS[status] if status and number else "$text-muted"  # type: ignore[index]
            parts.append((f" {status or 'all'} {number} ", style))
        return Content.assemble(*parts, "  ", self._progress(run))

    def _progress(self, run: ScanRun) -> Content:
        if run.installing is not None:
            done, total = run.installing
            filled, rest = bar(done / total if total else 0, 12)
            return Content.assemble((filled, "$text-accent"), (rest, "$text-disabled"), f" {done} of {total}")
        if run.error is not None:
            return Content.styled("failed", "$text-error")
        if run.running:
            return Content.styled("looking…", "$text-accent")
        if run.summary is None:
            return Content("")
        ended = "canceled" if run.summary.canceled else "done"
        return Content.styled(
            f"{ended}, {size(run.summary.file_size)}, {run.summary.seconds:.1f} s", "$text-muted"
        )

    @on(Rows.Moved)
    def _tell(self) -> None:
        """What is to be said about the line under the cursor, and about what is chosen."""
        run = self._run
        word = self.query_one("#scan-word", Static)
        if run is None:
            word.update(self._first_word())
            return
        entry = self.query_one(ScanList).entry
        parts: list[Part] = []
        if run.error is not None:
            parts = [(safe_text(run.error, limit=600), "$text-error")]
        elif entry is not None:
            parts = [(f"{safe_text(entry.path, limit=600)}\n", "$text-muted")]
            failed = run.failed.get(entry.path)
            if failed is not None:
                parts.append((safe_text(failed, limit=600), "$text-error"))
            elif entry.reason:
                parts.append((safe_text(entry.reason, limit=600), COLOURS[entry.status]))
            elif entry.assumed:
                parts.append((f"assumed: {safe_text(', '.join(entry.assumed), limit=400)}", ""))
            if entry.status == "unknown":
                parts += [("  ", ""), ("e", "bold $primary"), (" says what it is.", "")]
        elif not run.running:
            said = (
                f"Nothing is {self._only}; f shows another state."
                if self._only
                else "No model was found here."
            )
            parts = [(said, "$text-muted")]
        word.update(Content.assemble(*parts))
        many = f"{len(run.chosen)} chosen" if run.chosen else "nothing chosen yet"
        self.query_one("#scan-chosen", Static).update(
            Content.styled(many, "" if run.chosen else "$text-muted")
        )

    def _first_word(self) -> Content:
        return Content.styled(
            "A folder of A1111, ComfyUI or InvokeAI, an extra_model_paths.yaml, or any folder with models. Files are "
            "only read; what you choose is used where it lies, or copied.",
            "$text-muted",
        )

    # -- the folder -----------------------------------------------------------------------------------------------

    @on(Input.Changed, "#scan-path")
    def _typed(self, event: Input.Changed) -> None:
        beside(self, "scan-complete", self._complete, event.value)

    async def _complete(self, typed: str) -> None:
        if not typed.startswith(PATHS):
            names: list[str] = []
        else:
            await asyncio.sleep(TYPED)
            names = await asyncio.to_thread(complete.folders, typed)
        self.query_one(ScanPath).offer(typed, names)
        shown = "  ".join(f"{name}/" for name in names[:40])
        self._hint(shown or self._recognised())

    def _hint(self, text: str) -> None:
        self.query_one("#scan-hint", Static).update(Content.styled(text, "$text-muted"))

    def _recognised(self) -> str:
        """Whose folder it is, and where in it was looked: other folders beside those were left out."""
        roots = self._run.roots if self._run is not None else ()
        said = [
            f"{ROOTS[root.kind]}: {', '.join(_below(folder, root.path) for folder in root.folders)}"
            + "".join(f" ({note})" for note in root.notes)
            for root in roots
            if root.kind != "folder" or root.notes
        ]
        return safe_text("looked through as " + "; ".join(said), limit=600) if said else ""

    @on(Input.Submitted, "#scan-path")
    def _submitted(self, event: Input.Submitted) -> None:
        typed = event.value.strip()
        if not typed and not self.query_one(ScanFolders).folders:
            self.notify("Type a folder first; none is remembered yet.", timeout=3, markup=False)
            return
        self._scan([str(Path(typed).expanduser().absolute())] if typed else [])

    @on(Rows.Opened, "#scan-folders")
    def _again(self) -> None:
        if (folder := self.query_one(ScanFolders).folder) is not None:
            self._scan([folder.path])

    def _scan(self, paths: list[str]) -> None:
        if self._run is not None and self._run.busy:
            self.notify("A scan goes on; x cancels it.", timeout=3, markup=False)
            return
        self._desk.start_scan(paths)
        self._only = ""
        self._look()
        self.set_focus(self.query_one(ScanList))

    @on(ScanFolders.Forgotten)
    def _forget(self, event: ScanFolders.Forgotten) -> None:
        path = event.folder.path

        def gone() -> None:
            if self.is_attached:
                beside(self, "scan-folders", self._remembered)

        self._desk.ask(
            lambda client: client.forget_folder(path), said="Forgotten; its models stay.", done=gone
        )

    # -- the finds ------------------------------------------------------------------------------------------------

    def action_choose(self) -> None:
        """Choose, or let go, and go on to the next."""
        rows, run = self.query_one(ScanList), self._run
        if run is None or (entry := rows.entry) is None:
            return
        if not run.installable(entry) and entry.path not in run.chosen:
            why = {"installed": "It is installed already.", "unknown": "e says what it is."}
            self.notify(why.get(entry.status, "It cannot be installed."), timeout=2, markup=False)
        run.toggle(entry)
        rows.move_to(rows.cursor + 1)
        self._look()

    def action_all(self) -> None:
        """Choose everything shown that can be installed."""
        if self._run is not None:
            self._run.choose(self.query_one(ScanList).rows)
            self._look()

    def action_none(self) -> None:
        """Let everything go."""
        if self._run is not None:
            self._run.choose_none()
            self._look()

    def action_filter(self, by: int) -> None:
        """Another state."""
        states = ("", *STATUSES)
        self._only = states[(states.index(self._only) + by) % len(states)]
        self._seen = -1
        self._look()

    def action_copy(self) -> None:
        """In place, or copied."""
        self.query_one("#scan-copy", Toggle).action_flip()

    @on(SmallButton.Pressed, "#scan-install")
    def action_install(self) -> None:
        """Install what is chosen."""
        run = self._run
        if run is None:
            return
        if not run.chosen:
            self.notify(
                "Nothing is chosen: space chooses, a chooses everything new.", timeout=3, markup=False
            )
            return
        self._desk.install_found(run, copy_files=self.query_one("#scan-copy", Toggle).value)

    def action_kind(self) -> None:
        """Say what a file is that nobody could identify."""
        from invoke_tui.tui.screens.scan_kind import KindScreen

        run, entry = self._run, self.query_one(ScanList).entry
        if run is None or entry is None or entry.status not in ("unknown", "new"):
            self.notify("Only what is new or unknown can be given a kind.", timeout=3, markup=False)
            return
        copy_files = self.query_one("#scan-copy", Toggle).value

        def said(kind: dict[str, str] | None) -> None:
            if kind:
                self._desk.ask(
                    lambda client: client.install_models([entry.path], copy_files=copy_files, overrides=kind),
                    said=f"{safe_text(entry.name or entry.path, limit=80)} is installed.",
                    done=lambda: run.mark_installed(entry.path),
                )

        self.app.push_screen(KindScreen(entry), said)

    def action_cancel(self) -> None:
        """End the scan."""
        run = self._run
        if run is None or not run.running:
            self.notify("No scan goes on.", timeout=2, markup=False)
        else:
            self._desk.ask(run.cancel)

    def action_path(self) -> None:
        """To the folder's field."""
        self.set_focus(self.query_one(ScanPath))

    def action_close(self) -> None:
        """Back; the scan goes on."""
        self.dismiss(None)


def _below(folder: str, root: str) -> str:
    """A folder as seen from its root."""
    return "all of it" if folder == root else folder.removeprefix(root.rstrip("/") + "/")


def _nearest(path: str) -> str:
    """The folder a missing file was in, as far as it still makes sense to type."""
    return str(Path(path).parent) + "/"
