"""What keys do while a person chooses what to recall. Part of ``tui.actions``."""

from __future__ import annotations

from typing import Final

from invoke_tui.tui.action import Action

RECALL: Final = (
    Action("recall.take", "recall", "enter", "take", "Recall", "",
           "Puts what is checked into the form, or the line under the cursor where nothing is."),
    Action("recall.check", "recall", "space", "check", "Check", "", "Checks the line, or lets it be."),
    Action("recall.all", "recall", "a", "check_all", "All", "", "Checks every line; again, none."),
    Action("recall.remix", "recall", "x", "check_all('seed')", "Remix", "", "Checks every line but the seed."),
    Action("recall.prompt", "recall", "p", "check_group('prompt')", "Prompt", "", "Checks the prompt."),
    Action("recall.negative", "recall", "n", "check_group('negative')", "Negative", "",
           "Checks the negative prompt."),
    Action("recall.seed", "recall", "s", "check_group('seed')", "Seed", "", "Checks the seed."),
    Action("recall.size", "recall", "z", "check_group('size')", "Size", "", "Checks width and height."),
    Action("recall.model", "recall", "m", "check_group('model')", "Model", "", "Checks the model."),
    Action("recall.loras", "recall", "l", "check_group('loras')", "LoRAs", "", "Checks all LoRAs."),
    Action("recall.control", "recall", "c", "check_group('control')", "Control", "",
           "Checks control pictures, reference pictures and regions."),
    Action("recall.install", "recall", "i", "install", "Install", "",
           "Looks for the missing model by its hash or name, and installs it after asking."),
)  # fmt: skip
"""Every action of the dialog."""
