"""Starter models: known good sources, what each needs beside it, and bundles that make a family usable."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from importlib import resources

from invoke_tui.domain.errors import BadInputError, NotFoundError
from invoke_tui.domain.models.installs import StarterBundle, StarterList, StarterModel
from invoke_tui.domain.models.records import BaseModelType, ModelType


@lru_cache(maxsize=1)
def starters() -> StarterList:
    """Everything in the package's table."""
    text = resources.files(__package__).joinpath("starter_models.json").read_text(encoding="utf-8")
    return StarterList.model_validate_json(text)


def by_id(identity: str) -> StarterModel | None:
    """The starter model with this id."""
    return next((model for model in starters().models if model.id == identity), None)


def named(text: str, base: BaseModelType | None, type_: ModelType | None) -> StarterModel | None:
    """The starter model with this id or name. Raises ``BadInputError`` when the name fits several."""
    wanted = text.strip().casefold().removeprefix("starter:")
    if (found := by_id(wanted)) is not None:
        return found
    fitting = [
        model
        for model in starters().models
        if model.name.casefold() == wanted and base in (None, model.base) and type_ in (None, model.type)
    ]
    if len(fitting) > 1:
        raise BadInputError(
            f"There are {len(fitting)} starter models called “{fitting[0].name}”.",
            hint=f"Use one of {', '.join(model.id for model in fitting)}.",
            code="ambiguous",
        )
    return fitting[0] if fitting else None


def bundle(text: str) -> StarterBundle | None:
    """The bundle ``bundle:NAME`` means; None when ``text`` is no bundle. Raises ``NotFoundError`` for unknown ones."""
    head, colon, name = text.strip().partition(":")
    if head.casefold() != "bundle" or not colon:
        return None
    wanted = name.strip().casefold()
    for known in starters().bundles:
        if wanted in (known.id, known.name.casefold()):
            return known
    raise NotFoundError(
        f"There is no bundle “{name[:100]}”.",
        hint=f"There is {', '.join(f'bundle:{known.id}' for known in starters().bundles)}.",
        code="no_such_bundle",
    )


def with_dependencies(wanted: Iterable[StarterModel]) -> list[StarterModel]:
    """The models and everything they need, each once, what is needed before what needs it."""
    ordered: dict[str, StarterModel] = {}

    def add(model: StarterModel, above: frozenset[str]) -> None:
        if model.id in ordered or model.id in above:
            return
        for identity in model.dependencies:
            if (needed := by_id(identity)) is not None:
                add(needed, above | {model.id})
        ordered[model.id] = model

    for model in wanted:
        add(model, frozenset())
    return list(ordered.values())
