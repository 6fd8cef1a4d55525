"""Other limits for the model cache, while it works."""

from __future__ import annotations

from typing import ClassVar, Final

from pydantic import ValidationError
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Input, Static

from invoke_tui.domain.running.device import CacheLimits, MemoryUse
from invoke_tui.tui.form_spec import FieldSpec
from invoke_tui.tui.modal import ModalScreen
from invoke_tui.tui.widgets.fields import Field, NumberField, SmallButton
from invoke_tui.tui.words import gigabytes

WORK: Final = CacheLimits().device_working_mem_gb


class BudgetScreen(ModalScreen[CacheLimits], inherit_bindings=False):
    """Three numbers in GB; empty is automatic. Dismissed with the limits to keep, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", "Leave it", id="budget.close"),
        Binding("enter", "save", "Keep", id="budget.save", priority=True),
        Binding("f1", "app.help", "Help", show=False, id="budget.help"),
        Binding("tab", "app.focus_next", "Next", show=False, id="budget.next"),
        Binding("shift+tab", "app.focus_previous", "Previous", show=False, id="budget.previous"),
    ]
    help_title = "Memory limits"
    help_text = (
        "How much the model cache may take. Less VRAM means that more layers stream, which is slower and lets other "
        "programs run beside it; less RAM means that models are read from disk more often."
    )

    def __init__(self, limits: CacheLimits, memory: MemoryUse | None) -> None:
        super().__init__()
        ram = f"automatic, now {gigabytes(memory.ram_limit)}" if memory and memory.ram_limit else "automatic"
        self._specs = (
            FieldSpec("max_cache_vram_gb", "VRAM for models", "decimal", "VRAM models may take, in GB", 0.5, 0,
                      fallback="automatic: what is free"),
            FieldSpec("max_cache_ram_gb", "RAM for models", "decimal", "RAM the model cache may fill, in GB", 0.5, 0,
                      fallback=ram),
            FieldSpec("device_working_mem_gb", "VRAM kept for work", "decimal",
                      "VRAM kept free for the work itself, in GB", 0.5, 0, fallback=f"automatic: {WORK:g}"),
        )  # fmt: skip
        self._limits = limits

    def compose(self) -> ComposeResult:
        """What it is about, the fields, how long it lasts."""
        with Vertical(classes="dialog", id="budget"):
            yield Static(Content("Memory limits, in GB"), classes="dialog-title")
            for spec in self._specs:
                yield Field(spec.label, NumberField(spec), id=f"row-{spec.name}")
            text = (
                "Empty means automatic. What is at work follows at its next\n"
                "step. It all lasts until the studio restarts: to keep it,\n"
                "put it into invokeai.yaml with `invoke-tui config set`."
            )
            yield Static(Content(text), classes="dialog-note")
            with Horizontal(classes="dialog-buttons"):
                yield SmallButton(" ⏎  Keep these ", help_text="Sets the limits.", id="keep")
                yield SmallButton(" esc  Leave it ", help_text="Go back.", id="leave")

    def on_mount(self) -> None:
        """Show what holds now."""
        for spec in self._specs:
            value = getattr(self._limits, spec.name)
            automatic = value is None or (spec.name == "device_working_mem_gb" and value == WORK)
            self._field(spec.name).value = "" if automatic else f"{value:g}"

    def _field(self, name: str) -> NumberField:
        return self.query_one(f"#field-{name}", NumberField)

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        if isinstance(event.input, NumberField):
            self._complain(event.input.spec, event.input.spec.check(event.value))

    def _complain(self, spec: FieldSpec, message: str) -> None:
        self.query_one(f"#row-{spec.name}", Field).complain(message)

    @on(SmallButton.Pressed)
    def _pressed(self, event: SmallButton.Pressed) -> None:
        if event.button.id == "keep":
            self._keep()
        else:
            self.dismiss(None)

    def action_save(self) -> None:
        """Enter keeps the limits, except on the other button."""
        if self.focused is not None and self.focused.id == "leave":
            self.dismiss(None)
        else:
            self._keep()

    def _keep(self) -> None:
        asked: dict[str, float] = {}
        for spec in self._specs:
            field = self._field(spec.name)
            if problem := spec.check(field.value):
                self._complain(spec, problem)
                field.focus()
                return
            if field.value.strip():
                asked[spec.name] = float(field.value)
        try:
            limits = CacheLimits.model_validate(asked)
        except ValidationError as error:
            name = str(error.errors()[0]["loc"][0])
            self._complain(next(spec for spec in self._specs if spec.name == name), "more than 0")
            self._field(name).focus()
            return
        self.dismiss(limits)

    def action_close(self) -> None:
        """Change nothing."""
        self.dismiss(None)
