"""Keys that do the same to a picture wherever it is looked at: in the gallery's grid and in the viewer."""

from __future__ import annotations

from typing import Final

from invoke_tui.tui.action import Action, Place

_PAGES: Final = {"grid": "screen."}
"""Whose actions do these: those of the place itself, or of its screen."""


def rating(where: Place, *, star_in_footer: bool = False) -> tuple[Action, ...]:
    """A star, and 0 to 5."""
    do = _PAGES.get(where, "")
    return (
        Action(f"{where}.star", where, "full_stop", f"{do}change('star')", "Star", "Picture: Star",
               "Gives the picture a star or takes it away.", footer=star_in_footer),
        Action(f"{where}.rate", where, "e", "rate", "Rate", "Picture: Rate 0 to 5",
               "The next digit, 0 to 5, is the rating."),
        Action(f"{where}.better", where, "right_square_bracket", f"{do}change('better')", "Better", "",
               "Rates it one more."),
        Action(f"{where}.worse", where, "left_square_bracket", f"{do}change('worse')", "Worse", "",
               "Rates it one less."),
    )  # fmt: skip


def deleting(where: Place) -> tuple[Action, ...]:
    """Into the trash and back."""
    do = _PAGES.get(where, "")
    return (
        Action(f"{where}.delete", where, "d,delete", f"{do}change('delete')", "Delete", "Picture: Delete",
               "Puts it into the trash, from where z has it back."),
        Action(f"{where}.undo", where, "z", f"{do}change('undo')", "Undo", "Picture: Undo deleting",
               "Has what was deleted last back from the trash."),
    )  # fmt: skip


def using(where: Place) -> tuple[Action, ...]:
    """On Generate."""
    do = _PAGES.get(where, "")
    return (
        Action(f"{where}.recall", where, "r", f"{do}use('recall')", "Recall", "Picture: Recall all settings",
               "Puts prompt, settings and seed of the picture into the form.", footer=True),
        Action(f"{where}.prompt", where, "p", f"{do}use('prompt')", "Prompt", "Picture: Recall the prompt",
               "Puts the picture's prompts into the form."),
        Action(f"{where}.seed", where, "s", f"{do}use('seed')", "Seed", "Picture: Recall the seed",
               "Puts the picture's seed into the form."),
        Action(f"{where}.remix", where, "x", f"{do}use('remix')", "Remix", "Picture: Remix",
               "Puts prompt and settings into the form, and leaves the seed that is there."),
        Action(f"{where}.choose", where, "R", f"{do}use('choose')", "Recall…", "Picture: Recall what you choose",
               "Lists what the picture says, line by line, with what the form has now; you choose."),
        Action(f"{where}.start_from", where, "i", f"{do}use('init')", "Start from", "Picture: Use as init image",
               "Draws the next picture from this one: changed, in a part, or beyond its borders."),
        Action(f"{where}.mask", where, "M", f"{do}use('mask')", "Mask", "Picture: Use as mask",
               "Says where the picture that the next one is drawn from may change: white is drawn."),
        Action(f"{where}.control", where, "c", f"{do}use('control')", "Control", "Picture: Use as control picture",
               "Draws the next picture with things where they are in this one."),
        Action(f"{where}.reference", where, "f", f"{do}use('reference')", "Reference",
               "Picture: Use as reference picture",
               "Draws the next picture with things that look as in this one."),
    )  # fmt: skip


def reading(where: Place) -> tuple[Action, ...]:
    """What the file says."""
    do = _PAGES.get(where, "")
    return (
        Action(f"{where}.texts", where, "T", f"{do}texts", "File's texts", "Picture: What the file says",
               "Shows who wrote the file, what could not be used of it and why, and its texts as they stand there."),
    )  # fmt: skip


def giving(where: Place) -> tuple[Action, ...]:
    """Away, in some form."""
    do = _PAGES.get(where, "")
    return (
        Action(f"{where}.export", where, "E", f"{do}export", "Export", "Picture: Export",
               "Gives pictures away: a folder, a zip, a sheet, a page, or to the machine in front of you."),
    )  # fmt: skip


def copying(where: Place) -> tuple[Action, ...]:
    """To the machine in front of the person."""
    do = _PAGES.get(where, "")
    return (
        Action(f"{where}.copy_path", where, "y", f"{do}copy('path')", "Copy path", "Picture: Copy the path",
               "Copies where the file lies."),
        Action(f"{where}.copy_prompt", where, "Y", f"{do}copy('prompt')", "Copy prompt",
               "Picture: Copy the prompt", "Copies the picture's prompt."),
        Action(f"{where}.copy_metadata", where, "alt+y", f"{do}copy('metadata')", "Copy metadata",
               "Picture: Copy the metadata", "Copies everything the picture says of itself, as JSON."),
        Action(f"{where}.copy_picture", where, "P", f"{do}copy('picture')", "Copy picture",
               "Picture: Copy the picture itself",
               "kitty and iTerm2 take the file; others get it as text for the clipboard, smaller if need be."),
    )  # fmt: skip
