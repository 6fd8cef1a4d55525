"""Models: what there is to draw with, what is known about it, and getting more."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Input, Static

from invoke_tui.domain.text import safe_text
from invoke_tui.tui import actions
from invoke_tui.tui.model_words import SORTS
from invoke_tui.tui.screens.base import StudioScreen
from invoke_tui.tui.screens.model_desk import ModelDesk
from invoke_tui.tui.widgets.image_view import ImageView
from invoke_tui.tui.widgets.install_pane import InstallList, InstallPane
from invoke_tui.tui.widgets.model_details import ModelDetails
from invoke_tui.tui.widgets.model_filter import ModelFilter
from invoke_tui.tui.widgets.model_launchpad import ModelLaunchpad
from invoke_tui.tui.widgets.model_list import ModelHead, ModelList
from invoke_tui.tui.widgets.model_rows import Rows
from invoke_tui.tui.widgets.pane_tabs import PaneTabs

if TYPE_CHECKING:
    from textual.widget import Widget

    from invoke_tui.domain.models.records import ModelRecord


class ModelsScreen(StudioScreen):
    """Table at the left, details at the right, what is on its way below; on a narrow terminal one of the first two."""

    place: ClassVar[actions.Place] = "models"
    places: ClassVar[tuple[actions.Place, ...]] = ("models", "list", "details", "jobs")
    BINDINGS: ClassVar[list[BindingType]] = actions.bindings("models")
    AUTO_FOCUS = "#model-list"
    help_title = "Models"
    help_text = (
        "Scan a folder you have, or install something new; both go on while you do something else. A model is used "
        "where it lies unless you want a copy. Enter goes to Generate with the model under the cursor."
    )

    def __init__(self) -> None:
        super().__init__()
        self.desk = ModelDesk(self)

    def body(self) -> ComposeResult:
        """Filter, table, details, what is on its way."""
        rows = ModelList()
        yield PaneTabs("Models", "Details")
        with Horizontal(id="models"):
            with Vertical(id="model-table"):
                with Horizontal(id="model-bar"):
                    yield ModelFilter(rows)
                    yield Static(id="model-count")
                yield ModelHead(rows)
                yield rows
                yield Static(id="model-none")
            yield ModelLaunchpad()
            yield ModelDetails()
        yield InstallPane()

    async def furnish(self) -> None:
        """Load and listen."""
        self.query_one(InstallPane).show([])
        self.query_one(InstallPane).show_scan("")
        self.desk.open()

    @property
    def rows(self) -> ModelList:
        """The table."""
        return self.query_one(ModelList)

    # -- what is shown --------------------------------------------------------------------------------------------

    def show_models(self, models: list[ModelRecord]) -> None:
        """These are the models now."""
        self.rows.show(models)
        self._listed()

    def _listed(self) -> None:
        """The rows are others now: heading, count, and a word where nothing is left."""
        rows = self.rows
        self.query_one(ModelHead).refresh()
        there, shown = len(rows.models), rows.row_count
        missing = sum(model.missing for model in rows.models)
        count = f"{shown} of {there}" if shown != there else f"{there} models" if there != 1 else "1 model"
        self.query_one("#model-count", Static).update(
            Content.assemble(
                (count, "$text-muted"), (f"  ! {missing} missing" if missing else "", "$text-warning")
            )
        )
        self.set_class(there > 0 and not shown, "-nothing")
        self.query_one("#model-none", Static).update(
            Content.assemble(
                ("No model fits.\n", "bold"), ("esc", "bold $primary"), " takes the filter away."
            )
        )
        launchpad = self.query_one(ModelLaunchpad)
        launchpad.show_models(rows.models)
        self.set_class(launchpad.needed, "-launchpad")

    @on(Rows.Moved, "#model-list")
    def _moved(self) -> None:
        self.show_details()
        self.desk.rest()

    def show_details(self) -> None:
        """The facts of the model under the cursor."""
        rows = self.rows
        model = rows.model
        names = {known.key: safe_text(known.name, limit=100) for known in rows.models} if model else {}
        self.query_one(ModelDetails).show(
            model,
            default=model is not None and model.key == rows.default_key,
            related=[names[key] for key in model.related if key in names] if model else (),
            vae=names.get(model.default_settings.vae or "", "") if model else "",
            progress=self.desk.work.progress.get(model.key) if model else None,
        )

    @on(ImageView.Broken)
    def _broken(self) -> None:
        self.query_one(ModelDetails).show_picture(None)

    # -- finding --------------------------------------------------------------------------------------------------

    @on(Input.Changed, "#model-filter")
    def _typed(self, event: Input.Changed) -> None:
        self.rows.show_filter(event.value)
        self._listed()

    def action_filter(self) -> None:
        """Type to narrow."""
        self.show_pane(details=False, focus=self.query_one(ModelFilter))

    def action_sort(self) -> None:
        """The next order."""
        orders = list(SORTS)
        self.rows.show_sorted(orders[(orders.index(self.rows.sort) + 1) % len(orders)], backwards=False)
        self._listed()
        self.notify(f"Ordered by {self.rows.sort}.", timeout=1.5, markup=False)

    def action_reverse(self) -> None:
        """The other way round."""
        self.rows.show_sorted(self.rows.sort, backwards=not self.rows.backwards)
        self._listed()

    # -- moving ---------------------------------------------------------------------------------------------------

    def action_pane(self) -> None:
        """Details, or back."""
        self.show_pane(details=not self.query_one(ModelDetails).has_focus)

    @on(PaneTabs.Chosen)
    def _pane_chosen(self, event: PaneTabs.Chosen) -> None:
        self.show_pane(details=event.picture)

    def show_pane(self, *, details: bool, focus: Widget | None = None) -> None:
        """Put the focus there, or on ``focus``; on a narrow terminal the other pane goes out of sight."""
        self.set_class(details, "-details")
        self.query_one(PaneTabs).picture = details
        target = focus or (self.query_one(ModelDetails) if details else self.rows)
        self.set_focus(target)  # at once: the next key may be here already

    def action_back(self) -> None:
        """Back to the list, then out of the filter."""
        if not self.rows.has_focus:
            self.show_pane(details=False)
        elif self.query_one(ModelFilter).value:
            self.query_one(ModelFilter).value = ""

    def action_jobs(self) -> None:
        """To what is on its way."""
        if self.query_one(InstallPane).list_.jobs:
            self.set_focus(self.query_one(InstallList))
        elif self.desk.scan is not None and self.desk.scan.running:
            self.action_scan()
        else:
            self.notify("Nothing is on its way. i installs, s scans.", timeout=3, markup=False)

    def action_details(self, by: int) -> None:
        """Scroll the details from the list."""
        self.query_one(ModelDetails).action_scroll(by)

    # -- doing ----------------------------------------------------------------------------------------------------

    def chosen(self) -> ModelRecord | None:
        """The model under the cursor, or a word that there is none."""
        model = self.rows.model
        if model is None:
            self.notify("No model is chosen.", timeout=2, markup=False)
        return model

    @on(Rows.Opened, "#model-list")
    async def action_use(self) -> None:
        """On Generate, with this model."""
        if (model := self.chosen()) is not None:
            await self.desk.use(model)

    def action_scan(self) -> None:
        """Look through folders."""
        from invoke_tui.tui.screens.scan import ScanScreen

        self.app.push_screen(ScanScreen(self.desk, self.rows.model))

    def action_install(self) -> None:
        """Get something new."""
        from invoke_tui.tui.screens.install import InstallScreen

        self.app.push_screen(InstallScreen(self.desk))

    def action_edit(self) -> None:
        """Change what is known."""
        from invoke_tui.tui.screens.model_edit import EditModelScreen

        if (model := self.chosen()) is not None:
            self.app.push_screen(EditModelScreen(self.desk, model, self.rows.models))

    def action_delete(self) -> None:
        """Take it off the list, after asking."""
        if (model := self.chosen()) is not None:
            self.desk.delete(model)

    def action_hash(self) -> None:
        """Compute the hash, or stop that."""
        if (model := self.chosen()) is not None:
            self.desk.work.hash(model)

    def action_convert(self) -> None:
        """Turn a checkpoint into a diffusers folder, or stop that."""
        if (model := self.chosen()) is not None:
            self.desk.work.convert(model)

    def action_refresh(self) -> None:
        """Look at the disk."""
        self.desk.load(refresh=True)

    def action_copy(self, what: str) -> None:
        """To the clipboard, by the terminal."""
        if (model := self.chosen()) is None:
            return
        text = model.path if what == "path" else ", ".join(model.trigger_phrases)
        if not text:
            self.notify("It has no triggers.", timeout=2, markup=False)
            return
        self.app.copy_to_clipboard(safe_text(text, limit=20_000))
        self.notify("Path copied." if what == "path" else "Triggers copied.", timeout=2, markup=False)

    @on(InstallList.Wished)
    def _wished(self, event: InstallList.Wished) -> None:
        if event.wish == "show" and event.job.model is not None:
            self.query_one(ModelFilter).value = ""
            self.rows.choose(event.job.model.key)
            self.set_focus(self.rows)
        elif event.wish != "show":
            self.desk.steer(event.job, event.wish)
