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

Place = Literal[
    "app", "generate", "prompt", "entry", "control", "strip",
    "queue", "models", "list", "details", "jobs", "dialog", "edit",
    "scan", "folders", "install",
    "monitor", "log",
    "pick", "history", "templates", "presets",
    "dynamic", "wildcards", "import", "convert", "extract",
]  # fmt: skip

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
    Action("app.models", "app", "alt+5,5", "app.go('models')", "Models", "Go to: Models",
           "What there is to draw with, and getting more."),
    Action("app.queue", "app", "alt+6,6", "app.go('queue')", "Queue", "Go to: Queue",
           "Everything that waits, runs and is done."),
    Action("app.monitor", "app", "alt+7,7", "app.go('monitor')", "Monitor", "Go to: Monitor",
           "Where every byte of memory is, how the machine does, and the log."),
    Action("app.next", "app", "tab", "app.focus_next", "Next", "",
           "Goes to the next field."),
    Action("app.previous", "app", "shift+tab", "app.focus_previous", "Previous", "",
           "Goes to the field before."),
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
           "Opens the prompt in your editor."),
    Action("generate.pane", "generate", "f6", "pane", "Form/Picture", "Generate: Show form or picture",
           "On a narrow terminal, changes between form and picture.", footer=True, priority=True),
    Action("generate.swap", "generate", "f7", "swap", "Swap", "Size: Swap width and height",
           "Turns portrait to landscape and back.", priority=True),
    Action("generate.copy_prompt", "generate", "f3", "copy_prompt", "Copy", "Prompt: Copy",
           "Copies the prompt to the clipboard of the machine in front of you."),
    Action("generate.reset", "generate", "f11", "reset", "Reset", "Settings: Reset to the model's defaults",
           "Empties every field of the settings."),
    Action("generate.dynamic", "generate", "alt+d", "tool('dynamic')", "Dynamic", "Prompt: What it expands to",
           "Shows the prompts that choices and wildcards stand for, and how they are made."),
    Action("generate.wildcards", "generate", "alt+w", "tool('wildcards')", "Wildcards", "Prompt: Insert a wildcard",
           "Browses the wildcard files and puts a name at the cursor."),
    Action("generate.import", "generate", "alt+o", "tool('import_prompts')", "Open", "Prompt: Prompts from a file",
           "Makes pictures of the prompts in a text file, one a line."),
    Action("generate.swap_prompts", "generate", "alt+s", "tool('swap_prompts')", "Swap", "Prompt: Swap with negative",
           "Exchanges prompt and negative prompt."),
    Action("generate.convert", "generate", "alt+c", "tool('convert')", "Convert", "Prompt: Convert A1111's weights",
           "Turns A1111's attention syntax into InvokeAI's or back, in the selection or the whole prompt."),
    Action("generate.explain", "generate", "alt+x", "tool('explain')", "Explain", "Prompt: Explain",
           "Shows how the prompt is read, with the weight of every word."),
    Action("generate.extract", "generate", "alt+e", "tool('extract')", "Extract", "Prompt: Take it from a picture",
           "Reads prompts and settings out of a picture, from InvokeAI or another program."),
    Action("generate.beside", "generate", "alt+v", "beside", "Beside", "Prompt: Side by side or stacked",
           "Puts the negative prompt beside the prompt or below it; a narrow terminal always stacks them."),
    Action("prompt.raise", "prompt", "ctrl+up,alt+up", "weigh('increment')", "Weight", "Prompt: Raise the weight",
           "What is selected, or the word or group at the cursor, counts more.", footer=True),
    Action("prompt.lower", "prompt", "ctrl+down,alt+down", "weigh('decrement')", "Lower", "Prompt: Lower the weight",
           "What is selected, or the word or group at the cursor, counts less."),
    Action("prompt.complete", "prompt", "alt+slash,ctrl+@,ctrl+space", "complete", "Complete", "Prompt: Complete",
           "Offers what may stand at the cursor. Opens by itself after <, __ and, where a line begins, %."),
    Action("prompt.accept", "prompt", "alt+right", "accept", "Accept", "",
           "Takes the words that are suggested behind the cursor; at the end of a line → does, too."),
    Action("prompt.fix", "prompt", "alt+q", "fix", "Rewrite", "Prompt: Rewrite what is told of below it",
           "Writes another program's syntax as it is written here, where the message below the prompt says so."),
    Action("prompt.undo", "prompt", "alt+z", "undo", "Undo", "Prompt: Undo", "Takes the last change back."),
    Action("prompt.redo", "prompt", "ctrl+y,alt+shift+z", "redo", "Redo", "Prompt: Redo",
           "Makes the change that was taken back again."),
    Action("generate.history", "generate", "ctrl+r", "tool('history')", "History", "Prompt: Find one you used",
           "Finds a prompt you used by a few of its letters, and puts it back.", footer=True),
    Action("generate.templates", "generate", "alt+t", "tool('templates')", "Templates", "Prompt: Templates",
           "Styles to put around the prompt: browse, make, import.", footer=True),
    Action("generate.presets", "generate", "alt+y", "tool('presets')", "Presets", "Settings: Presets",
           "Keeps all settings under a name, and brings them back."),
    Action("entry.remove", "entry", "delete,backspace", "drop", "Remove", "",
           "Takes the control picture, the reference picture or the region off its list."),
    Action("control.preview", "control", "alt+p", "preview", "Preview", "",
           "Shows what the preprocessor makes of the picture, before anything is drawn."),
    Action("strip.show", "strip", "enter,space", "show", "Show", "", "Shows the picture large."),
    Action("strip.recall", "strip", "r", "recall", "Recall", "Picture: Recall all settings",
           "Puts prompt and settings of the picture back into the form."),
    Action("strip.prompt", "strip", "p", "recall_prompt", "Prompt", "Picture: Recall the prompt",
           "Puts the picture's prompts back into the form."),
    Action("strip.seed", "strip", "s", "recall_seed", "Seed", "Picture: Recall the seed",
           "Puts the picture's seed into the form."),
    Action("strip.start_from", "strip", "i", "start_from", "Start from", "Picture: Use as init image",
           "Draws the next picture from this one: changed, in a part, or beyond its borders."),
    Action("strip.control", "strip", "c", "steer('control')", "Control", "Picture: Use as control picture",
           "Draws the next picture with things where they are in this one."),
    Action("strip.reference", "strip", "f", "steer('reference')", "Reference", "Picture: Use as reference picture",
           "Draws the next picture with things that look as in this one."),
    Action("strip.upscale", "strip", "u", "upscale", "Upscale", "Picture: Upscale",
           "Makes the picture larger with an upscaler."),
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
    Action("models.use", "models", "enter,u", "use", "Use", "Models: Use on Generate",
           "Goes to Generate with this model chosen: what draws, or the part it plays.", footer=True),
    Action("models.scan", "models", "s", "scan", "Scan", "Models: Scan a folder",
           "Looks for models in folders you have, and lists what is found.", footer=True),
    Action("models.install", "models", "i", "install", "Install", "Models: Install",
           "From a path, an address, the hub, Civitai, or the starter models.", footer=True),
    Action("models.edit", "models", "e", "edit", "Edit", "Models: Edit name, kind and settings",
           "Name, description, triggers, type and base, and the settings it asks for.", footer=True),
    Action("models.filter", "models", "slash,f", "filter", "Filter", "Models: Filter",
           "Shows what fits as you type; type:lora base:sdxl format: variant: is:missing path: are words for it."),
    Action("models.sort", "models", "o", "sort", "Order", "Models: Next order",
           "By name, base, size or date."),
    Action("models.reverse", "models", "O", "reverse", "Reverse", "Models: Reverse the order",
           "The same order from its other end."),
    Action("models.pane", "models", "f6,l,right", "pane", "Details", "Models: List or details",
           "Goes to the details, which scroll; on a narrow terminal they take the list's place."),
    Action("models.back", "models", "escape,h,left", "back", "Back", "",
           "Back to the list; from there esc takes the filter away."),
    Action("models.jobs", "models", "w", "jobs", "On the way", "Models: What is on its way",
           "Goes to the installs below the list, where p pauses, c cancels and x forgets."),
    Action("models.delete", "models", "d,delete", "delete", "Delete", "Models: Delete",
           "Takes the model off the list; its files go only where they are ours, after a second question."),
    Action("models.hash", "models", "c", "hash", "Hash", "Models: Compute the hash",
           "Reads the whole file and keeps InvokeAI's hash of it; again stops it."),
    Action("models.convert", "models", "x", "convert", "Convert", "Models: Convert to a diffusers folder",
           "Turns a checkpoint into a folder that takes its place; its own file stays where it is used in place."),
    Action("models.refresh", "models", "r", "refresh", "Refresh", "Models: Look at the models folder again",
           "Takes in what was put there, and looks for what is missing."),
    Action("models.copy_path", "models", "y", "copy('path')", "Copy path", "Models: Copy the path",
           "Copies where the files lie."),
    Action("models.copy_triggers", "models", "t", "copy('triggers')", "Copy triggers", "Models: Copy the triggers",
           "Copies the words that wake it, for the prompt."),
    Action("models.details_down", "models", "J,shift+down", "details(3)", "Down", "", "Scrolls the details down."),
    Action("models.details_up", "models", "K,shift+up", "details(-3)", "Up", "", "Scrolls the details up."),
    Action("details.down", "details", "down,j", "scroll(1)", "Down", "", "A line down."),
    Action("details.up", "details", "up,k", "scroll(-1)", "Up", "", "A line up."),
    Action("details.page_down", "details", "pagedown", "scroll(12)", "Page down", "", "A page down."),
    Action("details.page_up", "details", "pageup", "scroll(-12)", "Page up", "", "A page up."),
    Action("details.top", "details", "home,g", "scroll(-100000)", "Top", "", "The name."),
    Action("details.bottom", "details", "end,G", "scroll(100000)", "Bottom", "", "The end."),
    Action("jobs.show", "jobs", "enter", "wish('show')", "Show", "", "Goes to the model that was installed."),
    Action("jobs.pause", "jobs", "p", "wish('pause')", "Pause", "Installs: Pause or go on",
           "Pauses the job; a paused or failed one goes on where it stopped."),
    Action("jobs.cancel", "jobs", "c", "wish('cancel')", "Cancel", "Installs: Cancel",
           "Stops the job and removes what it had."),
    Action("jobs.prune", "jobs", "x", "wish('prune')", "Forget", "Installs: Forget the finished",
           "Takes finished, failed and canceled jobs off the list."),
    Action("scan.choose", "scan", "space,enter", "choose", "Choose", "",
           "Chooses the model, or lets it go.", footer=True),
    Action("scan.all", "scan", "a", "all", "All", "Scan: Choose all that can be installed",
           "Chooses everything new that is shown.", footer=True),
    Action("scan.none", "scan", "n", "none", "None", "Scan: Choose none", "Lets everything go."),
    Action("scan.install", "scan", "i,f5", "install", "Install", "Scan: Install what is chosen",
           "Puts what is chosen on the list of models.", footer=True),
    Action("scan.copy", "scan", "c", "copy", "Copy", "Scan: In place or copied",
           "Uses the files where they lie, or copies them into the models folder."),
    Action("scan.filter", "scan", "f", "filter(1)", "Filter", "Scan: Show the next state",
           "All, new, installed, changed, unreadable, unknown."),
    Action("scan.filter_back", "scan", "F", "filter(-1)", "Filter", "", "The same the other way round."),
    Action("scan.kind", "scan", "e", "kind", "Kind", "Scan: Say what it is",
           "Installs a file that nobody could identify, as the type and base you say."),
    Action("scan.cancel", "scan", "x", "cancel", "Cancel", "Scan: Cancel", "Ends the scan; what was found stays."),
    Action("scan.path", "scan", "slash", "path", "Folder", "", "Goes to the folder's field."),
    Action("folders.open", "folders", "enter", "open", "Scan", "", "Looks through the folder again."),
    Action("folders.forget", "folders", "d,delete", "forget", "Forget", "Scan: Forget the folder",
           "Looks through a remembered folder no more; its models stay."),
    Action("install.start", "install", "enter,i", "start", "Install", "", "Installs the line under the cursor."),
    Action("install.path", "install", "slash", "path", "Source", "", "Goes to the source's field."),
    Action("edit.save", "edit", "ctrl+g,f5", "save", "Save", "", "Keeps the changes."),
    Action("monitor.unload", "monitor", "u,delete", "unload", "Unload", "Monitor: Unload the component",
           "Drops the component under the cursor from memory, unless it is in use.", footer=True),
    Action("monitor.clear", "monitor", "c", "clear", "Clear", "Monitor: Clear the model cache",
           "Drops every component that is not in use.", footer=True),
    Action("monitor.budget", "monitor", "b", "budget", "Limits", "Monitor: Change the memory limits",
           "How much VRAM and RAM models may take, from now until the studio restarts.", footer=True),
    Action("monitor.pause_log", "monitor", "p", "pause_log", "Pause log", "Monitor: Pause the log or go on",
           "Lets the log stand still; again, and it follows.", footer=True),
    Action("monitor.pane", "monitor", "f6", "pane", "Pane", "Monitor: The next pane",
           "On a narrow terminal memory, machine or log; else the list or the log."),
    Action("log.up", "log", "up,k", "scroll(-1)", "Up", "", "A line back."),
    Action("log.down", "log", "down,j", "scroll(1)", "Down", "", "A line forth."),
    Action("log.page_up", "log", "pageup", "page(-1)", "Page up", "", "A page back."),
    Action("log.page_down", "log", "pagedown", "page(1)", "Page down", "", "A page forth."),
    Action("log.top", "log", "home,g", "edge(0)", "Top", "", "The oldest line there is."),
    Action("log.bottom", "log", "end,G", "edge(1)", "Bottom", "", "The newest line, and it follows again."),
    Action("dynamic.keep", "dynamic", "enter", "keep", "Keep", "", "Keeps how the prompt is expanded."),
    Action("dynamic.make", "dynamic", "ctrl+g,f5", "make", "Make", "", "Keeps it, and makes these pictures."),
    Action("wildcards.insert", "wildcards", "enter", "insert", "Insert", "",
           "Puts the wildcard at the cursor of the prompt; of a folder, all that is in it."),
    Action("wildcards.search", "wildcards", "slash", "search", "Search", "", "Goes to the search."),
    Action("wildcards.fold", "wildcards", "left,h", "fold(1)", "Fold", "", "Closes the folder, or goes to it."),
    Action("wildcards.unfold", "wildcards", "right,l", "fold(0)", "Open", "", "Opens the folder."),
    Action("import.queue", "import", "ctrl+g,f5", "queue", "Queue", "", "Makes pictures of them, as one batch."),
    Action("import.list", "import", "enter", "list", "List", "", "From the file to its prompts."),
    Action("convert.apply", "convert", "enter,ctrl+g", "apply", "Apply", "", "Puts what it becomes into the prompt."),
    Action("convert.turn", "convert", "space,left,right,t", "turn", "Turn", "", "Converts the other way."),
    Action("extract.prompts", "extract", "enter", "prompts", "Prompts", "", "Puts both prompts into the editors."),
    Action("extract.all", "extract", "ctrl+g,f5", "all", "All", "", "Puts prompts and settings in their places."),
    Action("pick.up", "pick", "up", "step(-1)", "Up", "", "The line above."),
    Action("pick.down", "pick", "down", "step(1)", "Down", "", "The line below."),
    Action("pick.page_up", "pick", "pageup", "page(-1)", "Page up", "", "A page up."),
    Action("pick.page_down", "pick", "pagedown", "page(1)", "Page down", "", "A page down."),
    Action("pick.about_up", "pick", "shift+up", "scroll_about(-2)", "", "", "Scrolls what is shown whole."),
    Action("pick.about_down", "pick", "shift+down", "scroll_about(2)", "", "", "Scrolls what is shown whole."),
    Action("history.only_positive", "history", "tab,alt+enter", "only_positive", "Prompt", "",
           "Puts the prompt back, and leaves the negative prompt that stands there. Enter puts both back."),
    Action("history.pin", "history", "alt+p", "pin", "Pin", "", "Keeps the prompt on top for ever, or lets it go."),
    Action("history.forget", "history", "alt+d", "forget", "Forget", "",
           "Removes the prompt; delete does it, too, where it has no letter to delete."),
    Action("templates.new", "templates", "alt+n", "new", "New", "",
           "Makes a template that begins with the prompt in the editor."),
    Action("templates.edit", "templates", "alt+e", "edit", "Edit", "",
           "Changes the template; of a default one, a copy."),
    Action("templates.duplicate", "templates", "alt+c", "duplicate", "Copy", "", "Makes a copy under another name."),
    Action("templates.delete", "templates", "alt+d", "delete", "Delete", "", "Deletes the template, after asking."),
    Action("templates.flatten", "templates", "alt+l", "flatten", "Flatten", "",
           "Writes prompt and template together into the editors, and uses no template."),
    Action("templates.import", "templates", "alt+i", "import", "Import", "",
           "Takes in a file: A1111's styles CSV, InvokeAI's CSV or JSON, Fooocus' JSON."),
    Action("templates.export", "templates", "alt+x", "export", "Export", "",
           "Writes those of your own that the search shows to a CSV or JSON file."),
    Action("presets.save", "presets", "alt+n", "save", "Save", "", "Keeps the settings as they are under a name."),
    Action("presets.rename", "presets", "alt+e", "rename", "Rename", "", "Gives the preset another name."),
    Action("presets.delete", "presets", "alt+d", "delete", "Delete", "", "Deletes the preset, after asking."),
    Action("presets.import", "presets", "alt+i", "import", "Import", "",
           "Takes in the presets of a YAML or JSON file."),
    Action("presets.export", "presets", "alt+x", "export", "Export", "",
           "Writes what the search shows to a YAML or JSON file."),
    Action("dialog.close", "dialog", "escape", "close", "Back", "", "Goes back; what was started goes on."),
    Action("dialog.help", "dialog", "f1,question_mark", "app.help", "Help", "", "Explains where you are."),
    Action("list.up", "list", "up,k", "step(-1)", "Up", "", "The line above."),
    Action("list.down", "list", "down,j", "step(1)", "Down", "", "The line below."),
    Action("list.page_up", "list", "pageup", "page(-1)", "Page up", "", "A page up."),
    Action("list.page_down", "list", "pagedown", "page(1)", "Page down", "", "A page down."),
    Action("list.top", "list", "home,g", "edge(0)", "Top", "", "The first line."),
    Action("list.bottom", "list", "end,G", "edge(1)", "Bottom", "", "The last line."),
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
    "down": "↓", "delete": "del", "slash": "/",
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
