"""Control and reference pictures of a request as nodes beside the denoise loop, and what metadata says of them.

The graphs and keys are InvokeAI's. Reference pictures have a file of their own beside this.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.graph.graph import Graph
from invoke_tui.domain.models.families import traits_of
from invoke_tui.domain.models.records import BaseModelType, ModelRecord, ModelType
from invoke_tui.domain.request.controls import (
    FLUX_UNION,
    PREPROCESSORS,
    UNION_KINDS,
    ResolvedControl,
    ResolvedReference,
)
from invoke_tui.domain.request.parameters import ResolvedRequest
from invoke_tui.nodes.recipes import Cast
from invoke_tui.nodes.recipes.references import add_reference, collected, named, reference_metadata

_CALLED: Final = {
    ModelType.CONTROLNET: ("ControlNet", "controlnets", "a"),
    ModelType.T2I_ADAPTER: ("T2I-Adapter", "t2i_adapters", "a"),
    ModelType.IP_ADAPTER: ("IP-Adapter", "ip_adapters", "an"),
    ModelType.FLUX_REDUX: ("FLUX Redux model", "redux", "a"),
}
"""What people call a kind, the trait of a family that says whether it can be used, and the article."""
_KEYS: Final = {ModelType.CONTROLNET: "controlnets", ModelType.T2I_ADAPTER: "t2iAdapters"}
_INPUTS: Final = {ModelType.CONTROLNET: "control", ModelType.T2I_ADAPTER: "t2i_adapter"}


def add_steering(graph: Graph, request: ResolvedRequest, cast: Cast, *, denoise: str) -> None:
    """A node for each picture, collected by kind."""
    for number, (control, record) in enumerate(_controls(request, cast), start=1):
        _add_control(graph, control, record, number, denoise)
    for reference, record in _references(request, cast):
        add_reference(graph, reference, record, denoise)


def steering_metadata(request: ResolvedRequest, cast: Cast) -> dict[str, Any]:
    """The lists InvokeAI writes, those that are not empty. ``preprocessor`` and ``mask`` are keys of ours."""
    found: dict[str, list[dict[str, Any]]] = {}
    for control, record in _controls(request, cast):
        said = _control_inputs(control, record) | {"image": {"image_name": control.image}}
        if control.preprocessor is not None:
            said["preprocessor"] = control.preprocessor
        found.setdefault(_KEYS[record.type], []).append(said)
    for number, (reference, record) in enumerate(_references(request, cast), start=1):
        key, said = reference_metadata(reference, record, number)
        found.setdefault(key, []).append(said)
    return dict(found)


def check_steering(cast: Cast) -> None:
    """Raise for what cannot steer the main model."""
    for records, kinds in (
        (cast.controls, (ModelType.CONTROLNET, ModelType.T2I_ADAPTER)),
        (cast.references, (ModelType.IP_ADAPTER, ModelType.FLUX_REDUX)),
    ):
        for record in records:
            _check(record, kinds, cast.main)


def _check(record: ModelRecord, kinds: tuple[ModelType, ...], main: ModelRecord) -> None:
    wanted = " or ".join(f"{_CALLED[kind][2]} {_CALLED[kind][0]}" for kind in kinds)
    if record.type not in kinds:
        raise BadInputError(
            f"{record.name} is a {record.type} model, not {wanted}.",
            hint=f"Choose {wanted}.",
            code="wrong_model",
        )
    called, trait, _ = _CALLED[record.type]
    if record.base is not main.base:
        raise BadInputError(
            f"The {called} {record.name} is for {record.base} models, {main.name} is {main.base}.",
            hint="Remove it, or choose a model it was made for.",
            code="wrong_model",
        )
    if not getattr(traits_of(main), trait):
        raise BadInputError(
            f"{called}s cannot be used with {main.base} models yet.",
            hint="Remove it, or choose a model of another family.",
            code="unsupported_control",
        )


def _controls(request: ResolvedRequest, cast: Cast) -> Iterator[tuple[ResolvedControl, ModelRecord]]:
    return zip(request.controls, cast.controls, strict=True)


def _references(request: ResolvedRequest, cast: Cast) -> Iterator[tuple[ResolvedReference, ModelRecord]]:
    return zip(request.references, cast.references, strict=True)


def _add_control(
    graph: Graph, control: ResolvedControl, record: ModelRecord, number: int, denoise: str
) -> None:
    made = ""
    if control.preprocessor is not None:
        known = PREPROCESSORS[control.preprocessor]
        image = {"image_name": control.image}
        made = graph.add(
            known.node, f"preprocessor_{number}", image=image, is_intermediate=True, **known.settings
        )
    kind = f"flux_{record.type}" if record.base is BaseModelType.FLUX else record.type.value
    given = _control_inputs(control, record)
    if not made:
        given["image"] = {"image_name": control.image}
    name = graph.add(kind, f"{kind}_{number}", **given)
    if made:
        graph.connect(made, "image", name)
    collected(graph, name, _INPUTS[record.type], denoise)


def _control_inputs(control: ResolvedControl, record: ModelRecord) -> dict[str, Any]:
    model, span = named(record), _span(control)
    if record.type is ModelType.T2I_ADAPTER:
        return {
            "t2i_adapter_model": model,
            "weight": control.weight,
            "resize_mode": control.resize_mode,
            **span,
        }
    if record.base is BaseModelType.FLUX:
        mode = None if control.union is None else FLUX_UNION.get(UNION_KINDS[control.union])
        return {
            "control_model": model,
            "control_weight": control.weight,
            "resize_mode": control.resize_mode,
            **span,
            **({} if mode is None else {"instantx_control_mode": mode}),
        }
    union = {} if control.union is None else {"union": control.union}
    return {
        "control_model": model,
        "control_weight": control.weight,
        "control_mode": control.control_mode,
        "resize_mode": control.resize_mode,
        **span,
        **union,
    }


def _span(asked: ResolvedControl) -> dict[str, float]:
    return {"begin_step_percent": asked.begin, "end_step_percent": asked.end}
