"""The LoRAs of a graph on a component in use: loaded through the cache, checked, laid on and taken off."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from math import prod
from typing import TYPE_CHECKING, Any

from torch import nn

from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.graph.fields import LoRAField
from invoke_tui.domain.models.records import BaseModelType, ModelIdentifier, ModelRecord, ModelType
from invoke_tui.domain.text import safe_text
from invoke_tui.engine.adapters.lora.file import LoRA
from invoke_tui.engine.adapters.lora.keys import DENOISER
from invoke_tui.engine.adapters.lora.names import Names, Target
from invoke_tui.engine.adapters.lora.overlay import Layers, LoRAOverlay
from invoke_tui.engine.adapters.lora.terms import Sum, Term
from invoke_tui.engine.hooks import Log

if TYPE_CHECKING:
    from invoke_tui.engine.store import ModelStore


@contextmanager
def with_loras(
    store: ModelStore,
    module: nn.Module,
    model: ModelIdentifier,
    role: str,
    loras: Sequence[LoRAField],
    log: Log,
) -> Iterator[None]:
    """While inside, ``module`` (``model``'s component in ``role``) computes with these LoRAs.

    Raises ``BadInputError`` for a LoRA that is not for this model; ``module`` is then as it was.
    """
    wanted = [lora for lora in loras if lora.weight]
    if not wanted:
        yield
        return
    role = model.submodel_type or role
    component = role if role.startswith("text_encoder") else DENOISER
    names = store.names(model, role, module)
    layers = dict(module.named_modules(remove_duplicate=False))
    sums: dict[tuple[str, str], Sum] = {}
    with ExitStack() as stack:
        for field in wanted:
            record = store.record(field.lora)
            require_fit(record, store.record(model))
            found = stack.enter_context(store.lora(field.lora))
            _collect(sums, layers, found, component, names, field.weight, record, log)
        for (_, name), one in sums.items():
            one.ready()
            one.check([_elements(layers, term.target, name) for term in one.terms])
        with LoRAOverlay(module, layers, sums):
            yield


def require_fit(lora: ModelRecord, model: ModelRecord) -> None:
    """Raise unless ``lora`` is a LoRA for models of ``model``'s base (encoders may be for any)."""
    if lora.type is not ModelType.LORA:
        kind = "a control LoRA, which needs a control picture" if lora.type is ModelType.CONTROL_LORA else ""
        raise BadInputError(
            f"{lora.name} is {kind or f'a {lora.type} model'}, not a LoRA.",
            hint="Choose a LoRA.",
            code="wrong_model",
        )
    if model.base not in (lora.base, BaseModelType.ANY):
        raise BadInputError(
            f"The LoRA {lora.name} is for {lora.base} models, {model.name} is {model.base}.",
            hint="Remove it, or choose a model it was made for.",
            code="wrong_model",
        )


def _collect(
    sums: dict[tuple[str, str], Sum],
    layers: Layers,
    lora: LoRA,
    component: str,
    names: Names,
    strength: float,
    record: ModelRecord,
    log: Log,
) -> None:
    """Add one LoRA's patches for ``component`` to the sums."""
    fitted = lora.fit(component, names)
    strange = list(fitted.strange) + (list(lora.strange) if component == DENOISER else [])
    if strange and not fitted.changes:
        raise BadInputError(
            f"Nothing of the LoRA {record.name} fits: the model has none of its {len(strange)} layers, "
            f"e.g. {safe_text(strange[0], limit=120)}.",
            hint="It was made for another model.",
            code="wrong_model",
        )
    for target, change in fitted.changes:
        for name, patch in (("weight", change.weight), ("bias", change.bias)):
            if patch is None:
                continue
            if not all(layers[path]._parameters.get(name) is not None for path in target.paths):
                strange.append(f"{target.paths[0]}.{name}")
                continue
            for index, path in enumerate(target.paths):
                one = sums.setdefault((path, name), Sum(path))
                one.terms.append(Term(patch, target, index, strength, record.key))
    if strange:
        log(
            "warning",
            f"{len(strange)} layers of the LoRA {record.name} belong to nothing in the {component}, "
            f"the first is {safe_text(strange[0], limit=120)}.",
        )


def _elements(layers: Layers, target: Target, name: str) -> int:
    """Numbers in the layers of ``target``, whatever form they are stored in."""
    return sum(prod(_shape(layers[path], name)) for path in target.paths)


def _shape(layer: nn.Module, name: str) -> tuple[int, ...]:
    if isinstance(layer, nn.Linear):
        return (layer.out_features, layer.in_features) if name == "weight" else (layer.out_features,)
    owned: Any = layer._parameters[name]
    return tuple(owned.shape)
