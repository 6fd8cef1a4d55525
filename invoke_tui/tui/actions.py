"""Everything a key can do, declared once: bindings, footer, command palette and help are views of this list.

``where`` names the place an action belongs to: ``app`` is everywhere, the others are a screen or a widget. The id is
what ``keymap`` in the configuration maps to other keys. No default lies on a key that tmux, screen, the shell or an
old terminal owns.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from textual.binding import Binding, BindingType

Place = Literal["app", "generate", "prompt", "strip", "queue"]

FORBIDDEN: Final = frozenset(f"ctrl+{letter}" for letter in "basqhimjz")
"""Keys no default may use."""


@dataclass(frozen=True, slots=True)
class Action:
    """One thing to do."""

    id: str
    where: Place
    keys: str
    """Default keys, comma separated. The first is the one shown."""
    do: str
    """Textual's action string."""
    label: str
    """A word for the footer."""
    title: str
    """``Area: Verb`` for the palette; empty for actions that make no sense there."""
    help: str
    """One sentence."""
    footer: bool = False
    priority: bool = False
    """Works while a text field has the focus, before the field sees the key."""


ACTIONS: Final = (
    Action("app.generate", "app", "alt+1,1", "app.go('generate')", "Generate", "Go to: Generate",
           "The screen to make pictures. The plain digit works where no text field has the focus."),
    Action("app.queue", "app", "alt+6,6", "app.go('queue')", "Queue", "Go to: Queue",
           "Everything that waits, runs and is done."),
    Action("app.jump", "app", "ctrl+t", "app.jump", "Jump", "App: Jump to a field",
           "Puts a letter on every field; press it to go there.", priority=True),
    Action("app.theme", "app", "f8", "app.next_theme", "Theme", "App: Next theme",
           "Dark, light, high contrast, the terminal's own colours. The palette lists all."),
    Action("app.palette", "app", "ctrl+p,f2", "app.command_palette", "Commands", "",
           "Finds every action by name.", footer=True, priority=True),
    Action("app.help", "app", "f1,question_mark", "app.help", "Help", "App: Help",
           "Explains where you are. ? works where no text field has the focus.", footer=True),
    Action("app.interrupt", "app", "ctrl+c", "app.interrupt", "Quit", "",
           "Pressed twice, leaves. Work that was started goes on."),
    Action("app.quit", "app", "f10,q", "app.quit", "Quit", "App: Quit",
           "Leaves. Work that was started goes on."),
    Action("generate.run", "generate", "ctrl+g,alt+enter,ctrl+enter,f5", "generate", "Generate", "Generate: Start",
           "Enqueues the picture; while one runs, another press queues one more.", footer=True, priority=True),
    Action("generate.cancel", "generate", "f9", "cancel", "Cancel", "Generate: Cancel the running picture",
           "Stops the picture that is being made.", footer=True),
    Action("generate.editor", "generate", "f4", "editor", "Editor", "Prompt: Edit in $EDITOR",
           "Opens the prompt in your editor.", footer=True),
    Action("generate.pane", "generate", "f6", "pane", "Form/Picture", "Generate: Show form or picture",
           "On a narrow terminal, changes between form and picture.", footer=True, priority=True),
    Action("generate.swap", "generate", "f7", "swap", "Swap", "Size: Swap width and height",
           "Turns portrait to landscape and back.", priority=True),
    Action("generate.copy_prompt", "generate", "f3", "copy_prompt", "Copy", "Prompt: Copy",
           "Copies the prompt to the clipboard of the machine in front of you."),
    Action("generate.reset", "generate", "f11", "reset", "Reset", "Settings: Reset to the model's defaults",
           "Empties every field of the settings."),
    Action("strip.show", "strip", "enter,space", "show", "Show", "", "Shows the picture large."),
    Action("strip.recall", "strip", "r", "recall", "Recall", "Picture: Recall all settings",
           "Puts prompt and settings of the picture back into the form."),
    Action("strip.prompt", "strip", "p", "recall_prompt", "Prompt", "Picture: Recall the prompt",
           "Puts the picture's prompts back into the form."),
    Action("strip.seed", "strip", "s", "recall_seed", "Seed", "Picture: Recall the seed",
           "Puts the picture's seed into the form."),
    Action("strip.copy", "strip", "y", "copy_path", "Copy path", "Picture: Copy the path",
           "Copies where the file lies."),
    Action("strip.left", "strip", "left,h", "move(-1)", "Newer", "", "The picture to the left, which is newer."),
    Action("strip.right", "strip", "right,l", "move(1)", "Older", "", "The picture to the right, which is older."),
    Action("strip.first", "strip", "home,g", "move(-1000)", "Newest", "", "The newest picture."),
    Action("strip.last", "strip", "end,G", "move(1000)", "Oldest", "", "The oldest picture here."),
    Action("queue.open", "queue", "enter", "open", "Open", "Queue: Open the item",
           "Shows everything about the item.", footer=True),
    Action("queue.cancel", "queue", "c", "cancel", "Cancel", "Queue: Cancel the item",
           "Takes a waiting item out, or stops a running one.", footer=True),
    Action("queue.retry", "queue", "r", "retry", "Retry", "Queue: Retry the item",
           "Enqueues a failed or canceled item again.", footer=True),
    Action("queue.pause", "queue", "p", "pause", "Pause", "Queue: Pause or resume",
           "Starts no further item until resumed; what runs is finished.", footer=True),
    Action("queue.delete", "queue", "d,delete", "delete", "Delete", "Queue: Delete the item",
           "Removes the item; its pictures stay."),
    Action("queue.up", "queue", "K,shift+up", "move('up')", "Sooner", "Queue: Move the item up",
           "A waiting item is done sooner."),
    Action("queue.down", "queue", "J,shift+down", "move('down')", "Later", "Queue: Move the item down",
           "A waiting item is done later."),
    Action("queue.front", "queue", "t", "move('front')", "Next", "Queue: Move the item to the front",
           "A waiting item is done next."),
    Action("queue.filter", "queue", "f", "filter(1)", "Filter", "Queue: Show the next state",
           "All, waiting, running, done, failed, canceled."),
    Action("queue.filter_back", "queue", "F", "filter(-1)", "Filter", "", "The same the other way round."),
    Action("queue.prune", "queue", "x", "prune", "Prune", "Queue: Remove finished items",
           "Removes everything that is done; pictures stay."),
    Action("queue.clear", "queue", "X", "clear", "Clear", "Queue: Clear everything",
           "Cancels and removes every item, after asking."),
    Action("queue.line_up", "queue", "up,k", "step(-1)", "Up", "", "The item above."),
    Action("queue.line_down", "queue", "down,j", "step(1)", "Down", "", "The item below."),
    Action("queue.page_up", "queue", "pageup", "page(-1)", "Page up", "", "A page up."),
    Action("queue.page_down", "queue", "pagedown", "page(1)", "Page down", "", "A page down."),
    Action("queue.top", "queue", "home,g", "edge(0)", "Top", "", "The newest item."),
    Action("queue.bottom", "queue", "end,G", "edge(1)", "Bottom", "", "The oldest item."),
)  # fmt: skip


def at(*places: Place) -> Iterable[Action]:
    """The actions of some places, in order."""
    return (action for place in places for action in ACTIONS if action.where == place)


def bindings(place: Place) -> list[BindingType]:
    """Textual's bindings for a class that is this place."""
    return [
        Binding(
            action.keys,
            action.do,
            action.label,
            show=action.footer,
            priority=action.priority,
            tooltip=action.help,
            id=action.id,
        )
        for action in at(place)
    ]


_NAMES: Final = {
    "question_mark": "?", "escape": "esc", "pageup": "PgUp", "pagedown": "PgDn", "left": "←", "right": "→", "up": "↑",
    "down": "↓", "delete": "del",
}  # fmt: skip


def shown(key: str) -> str:
    """A key as people read it: ``^g``, ``F1``, ``alt+1``."""
    head, _, last = key.strip().rpartition("+")
    last = _NAMES.get(last, last)
    if last[:1] == "f" and last[1:].isdigit():
        last = last.upper()
    if head == "ctrl":
        return f"^{last}"
    return f"{head}+{last}" if head else last
