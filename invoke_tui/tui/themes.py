"""Our colours. Textual's own themes stay available."""

from __future__ import annotations

from collections.abc import Container
from typing import Final

from textual.theme import Theme

DARK: Final = "invoke-dark"
LIGHT: Final = "invoke-light"
CONTRAST: Final = "invoke-contrast"

PROMPT: Final = "prompt-"
"""What the names of the prompt editor's colours begin with."""

THEMES: Final = (
    Theme(
        name=DARK,
        primary="#f2c14e",
        secondary="#7c9eff",
        accent="#5fd3bc",
        success="#7fd88f",
        warning="#ffa657",
        error="#ff6b7a",
        foreground="#d9dce3",
        background="#101217",
        surface="#171a21",
        panel="#1f232d",
        boost="#262b37",
        dark=True,
        variables={
            "border": "#f2c14e",
            "border-blurred": "#2c313d",
            "block-cursor-foreground": "#101217",
            "block-cursor-background": "#f2c14e",
            "block-cursor-blurred-background": "#2c313d",
            "block-cursor-blurred-foreground": "#d9dce3",
            "footer-key-foreground": "#f2c14e",
            "footer-background": "#171a21",
            "footer-description-foreground": "#9aa1b0",
            "input-selection-background": "#7c9eff 35%",
            "scrollbar": "#363c4a",
            "scrollbar-hover": "#4a5263",
            "scrollbar-active": "#f2c14e",
            "scrollbar-background": "#171a21",
            "text-muted": "#8b92a1",
            "text-disabled": "#5b6170",
            "prompt-warm": "#f0c48c",
            "prompt-warmer": "#ffa94d",
            "prompt-hot": "#ff7f50",
            "prompt-cool": "#9cc9ff",
            "prompt-cooler": "#6ea8ff",
            "prompt-cold": "#6f8fe0",
            "prompt-mark": "#c792ea",
            "prompt-operator": "#e58fd6",
            "prompt-name": "#5fd3bc",
            "prompt-choice": "#a5d66f",
            "prompt-wildcard": "#d3d66f",
            "prompt-ignored": "#7d8494",
        },
    ),
    Theme(
        name=LIGHT,
        primary="#96620a",
        secondary="#2f55c7",
        accent="#0a7a6c",
        success="#1e7d3a",
        warning="#a84e00",
        error="#b8203a",
        foreground="#23262e",
        background="#f6f4ee",
        surface="#fdfcf9",
        panel="#eae6db",
        boost="#dfdacb",
        dark=False,
        variables={
            "border": "#96620a",
            "border-blurred": "#d6d0c0",
            "block-cursor-foreground": "#fdfcf9",
            "block-cursor-background": "#96620a",
            "block-cursor-blurred-background": "#dfdacb",
            "block-cursor-blurred-foreground": "#23262e",
            "footer-key-foreground": "#96620a",
            "footer-background": "#eae6db",
            "footer-description-foreground": "#5a5f6b",
            "input-selection-background": "#2f55c7 25%",
            "input-cursor-background": "#23262e",
            "input-cursor-foreground": "#fdfcf9",
            "scrollbar": "#c9c2b0",
            "scrollbar-hover": "#b0a892",
            "scrollbar-active": "#96620a",
            "scrollbar-background": "#eae6db",
            "text-muted": "#62676f",
            "text-disabled": "#a3a092",
            "prompt-warm": "#8f5500",
            "prompt-warmer": "#b34a00",
            "prompt-hot": "#c2261a",
            "prompt-cool": "#2f6fae",
            "prompt-cooler": "#2457b8",
            "prompt-cold": "#1b3f94",
            "prompt-mark": "#7a34a8",
            "prompt-operator": "#a3237f",
            "prompt-name": "#0a7568",
            "prompt-choice": "#2e7416",
            "prompt-wildcard": "#6a6400",
            "prompt-ignored": "#747468",
        },
    ),
    Theme(
        name=CONTRAST,
        primary="#ffd800",
        secondary="#8cc8ff",
        accent="#5cffd6",
        success="#5cff7a",
        warning="#ffb000",
        error="#ff8a8a",
        foreground="#ffffff",
        background="#000000",
        surface="#000000",
        panel="#161616",
        boost="#2a2a2a",
        dark=True,
        variables={
            "border": "#ffd800",
            "border-blurred": "#9a9a9a",
            "block-cursor-foreground": "#000000",
            "block-cursor-background": "#ffd800",
            "block-cursor-blurred-background": "#4a4a4a",
            "block-cursor-blurred-foreground": "#ffffff",
            "footer-key-foreground": "#ffd800",
            "footer-background": "#000000",
            "footer-description-foreground": "#ffffff",
            "text-muted": "#d0d0d0",
            "text-disabled": "#a0a0a0",
            "prompt-warm": "#ffd28a",
            "prompt-warmer": "#ffb000",
            "prompt-hot": "#ff8a6c",
            "prompt-cool": "#b8dcff",
            "prompt-cooler": "#8cc8ff",
            "prompt-cold": "#7ab0ff",
            "prompt-mark": "#f0a0ff",
            "prompt-operator": "#ff9ce0",
            "prompt-name": "#5cffd6",
            "prompt-choice": "#8cff7a",
            "prompt-wildcard": "#f0f07a",
            "prompt-ignored": "#a0a0a0",
        },
    ),
)

BY_NAME: Final = {theme.name: theme for theme in THEMES}

_ANSI_PROMPT: Final = {
    "prompt-warm": "ansi_yellow",
    "prompt-warmer": "ansi_yellow",
    "prompt-hot": "ansi_bright_red",
    "prompt-cool": "ansi_cyan",
    "prompt-cooler": "ansi_cyan",
    "prompt-cold": "ansi_bright_blue",
    "prompt-mark": "ansi_magenta",
    "prompt-operator": "ansi_bright_magenta",
    "prompt-name": "ansi_green",
    "prompt-choice": "ansi_green",
    "prompt-wildcard": "ansi_green",
    "prompt-ignored": "ansi_bright_black",
}
_ANSI_LIGHT: Final = {
    "prompt-warm": "ansi_red",
    "prompt-warmer": "ansi_red",
    "prompt-hot": "ansi_red",
    "prompt-cool": "ansi_blue",
    "prompt-cooler": "ansi_blue",
    "prompt-cold": "ansi_blue",
    "prompt-operator": "ansi_magenta",
}
"""Yellow and cyan, and most that is bright, cannot be read on white; there the text's style tells how strong it is."""


def default_variables(*, ansi: bool, dark: bool) -> dict[str, str]:
    """Our own variables for themes that do not know them."""
    if ansi:
        return _ANSI_PROMPT if dark else _ANSI_PROMPT | _ANSI_LIGHT
    model = THEMES[0] if dark else THEMES[1]
    return {name: value for name, value in model.variables.items() if name.startswith(PROMPT)}


def chosen(name: str, *, dark_terminal: bool | None, known: Container[str], few_colours: bool = False) -> str:
    """The theme for a setting: ``auto`` follows the terminal's background, where it told; so do unknown names.

    Of a terminal with few colours its own are taken: what ours would be rounded to cannot be told apart.
    """
    if name in BY_NAME or (name != "auto" and name in known):
        return name
    if few_colours:
        return "ansi-light" if dark_terminal is False else "ansi-dark"
    return LIGHT if dark_terminal is False else DARK
