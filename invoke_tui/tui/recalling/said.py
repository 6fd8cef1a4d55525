"""How what a picture says gets into the form, and what could not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from invoke_tui.domain.gallery.recalling import Choice
from invoke_tui.domain.gallery.replay import Difference
from invoke_tui.tui.prompts.preset_values import PROMPTS, form_values, label
from invoke_tui.tui.widgets.refinement_form import FREEU

MOST_NAMED: Final = 2
"""Settings that are named one by one where they are recalled."""
MOST_TOLD: Final = 4
"""Differences that are told when settings are put back."""


def values_of(choice: Choice) -> dict[str, Any]:
    """What ``SettingsForm.restore`` takes."""
    names = choice.names | (set(FREEU) if "freeu" in choice.names else set())
    return {name: value for name, value in form_values(choice.request).items() if name in names}


def in_words(choice: Choice) -> str:
    """What is put into the form, for a line that goes by."""
    seed = f"seed {choice.request.seed}" if "seed" in choice.names else ""
    prompts = [name for name in PROMPTS if name in choice.names]
    prompt = ("prompts" if len(prompts) > 1 else label(prompts[0]).lower()) if prompts else ""
    others = [label(name).lower() for name in sorted(choice.names - {"seed", *PROMPTS})]
    settings = ", ".join(others) if len(others) <= MOST_NAMED else "settings"
    return ", ".join(filter(None, (prompt, settings, seed)))


def not_as_it_was(differences: Sequence[Difference]) -> str:
    """What could not be put back, in one line; empty where everything was."""
    told = [one.message for one in differences if one.kind not in ("named", "unsure")]
    more = f" · and {len(told) - MOST_TOLD} more" if len(told) > MOST_TOLD else ""
    way = " · R finds what is missing" if missing(differences) else ""
    return f"Not as it was: {' · '.join(told[:MOST_TOLD])}{more}{way}" if told else ""


def missing(differences: Iterable[Difference]) -> list[Difference]:
    """The models that are not here."""
    return [one for one in differences if one.model is not None]
