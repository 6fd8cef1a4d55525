"""A picture once more: from what its file says to an item, and what will not be as it was."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError

from invoke_tui.domain.errors import NotFoundError, StudioError
from invoke_tui.domain.gallery.images import PICTURE_NAME
from invoke_tui.domain.gallery.replay import Difference, Recalled, ReplayOrder, ReplayPlan
from invoke_tui.domain.graph.graph import Graph
from invoke_tui.domain.models.wanted import WantedModel
from invoke_tui.domain.request.parameters import MOST_LORAS, GenerationRequest
from invoke_tui.domain.text import safe_text
from invoke_tui.nodes.recall import request_from_metadata
from invoke_tui.nodes.recall_models import NoModel, Shelf
from invoke_tui.nodes.recall_upscaling import is_upscaled, upscale_from_metadata
from invoke_tui.nodes.validate import require_valid
from invoke_tui.studio.queue.rows import NewItem
from invoke_tui.studio.requests.casting import graph_of
from invoke_tui.studio.requests.expand import expand
from invoke_tui.studio.requests.replayed_graph import differences_of, with_models
from invoke_tui.studio.requests.upscaling import upscale_items

if TYPE_CHECKING:
    from invoke_tui.studio.services import Services

ORIGIN: Final = "replay"
DEEPEST: Final = 50
_LORA_TAG: Final = re.compile(r"<lora:([^<>:]{1,200})(:[^<>]{0,20})?>")
_OURS: Final = "invoke-tui "
"""What ``app_version`` begins with in pictures of ours, whose graphs can be compared node by node."""


async def recalled(
    metadata: Mapping[str, Any], studio: Services, substitutes: Mapping[str, str] | None = None
) -> Recalled:
    """The settings in metadata, with what of them is not here; only what the metadata says is set."""
    models = studio.models.all()
    request, differences = request_from_metadata(metadata, models, substitutes)
    request, missing = await _without_missing_pictures(request, studio)
    shelf = Shelf(models, substitutes)
    _, unnamed = _prompts(metadata, request, shelf)
    _, untagged = _tags(metadata, request.positive_prompt, shelf)
    return Recalled(request=request, differences=[*differences, *missing, *unnamed, *untagged])


async def replay(order: ReplayOrder, studio: Services) -> ReplayPlan:
    """Say what will be made and how it differs; enqueue it unless that is held back or only asked about."""
    await studio.models.refresh()
    pictures = {old: new for old, new in order.substitutes.items() if PICTURE_NAME.fullmatch(old)}
    metadata = _renamed(order.metadata, pictures)
    graph = _read_graph(_renamed(order.graph, pictures))
    if is_upscaled(metadata):
        plan, item = await _upscaled(metadata, order, studio)
    elif graph is not None and not {"model", "positive_prompt"} & metadata.keys():
        plan, item = await _as_it_stands(graph, order, studio)
    else:
        plan, item = await _drawn(metadata, graph, order, studio)
    told = [
        Difference(key="", kind="substituted", message=f"the picture {new} takes the place of {old}")
        for old, new in pictures.items()
    ]
    plan = plan.model_copy(update={"differences": [*told, *plan.differences]})
    if item is None or order.dry_run:
        return plan
    enqueued = await studio.queue.enqueue([item], front=order.front)
    return plan.model_copy(update={"enqueued": enqueued})


async def _drawn(
    metadata: dict[str, Any], graph: Graph | None, order: ReplayOrder, studio: Services
) -> tuple[ReplayPlan, NewItem | None]:
    """From the settings that the metadata records."""
    models = studio.models.all()
    request, differences = request_from_metadata(metadata, models, order.substitutes)
    request, gone = await _without_missing_pictures(request, studio)
    shelf = Shelf(models, order.substitutes)
    prompts, unnamed = _prompts(metadata, request, shelf)
    prompts["positive_prompt"], untagged = _tags(metadata, prompts["positive_prompt"], shelf)
    differences += [*gone, *unnamed, *untagged]
    request = request.model_copy(update={**prompts, **_exactly(request)})
    if request.model is None and (order.anyway or not metadata.get("model")):
        differences.append(Difference(key="model", message="the default model is drawn with"))
    if request.seed is None:
        differences.append(Difference(key="seed", message="the picture does not say its seed: one is drawn"))
    plan = ReplayPlan(request=request, differences=differences)
    if plan.held_back and not order.anyway:
        return plan, None
    try:
        [resolved] = await expand(request, studio.models, gallery=studio.gallery, limit=1)
        made = graph_of(resolved, studio.models)
    except StudioError as error:
        refused = Difference(key="", kind="unsupported", message=f"{error.message} {error.hint}".strip())
        return plan.model_copy(update={"differences": [*differences, refused]}), None
    if graph is not None and str(metadata.get("app_version", "")).startswith(_OURS):
        differences = [*differences, *differences_of(graph, made)]
    plan = plan.model_copy(update={"differences": differences})
    return plan, NewItem(session=_anew(made), prompt=request.positive_prompt, origin=ORIGIN)


async def _upscaled(
    metadata: dict[str, Any], order: ReplayOrder, studio: Services
) -> tuple[ReplayPlan, NewItem | None]:
    """The picture it was made of, once more through the upscaler."""
    request, differences = upscale_from_metadata(metadata, studio.models.all(), order.substitutes)
    if request is not None and not await _is_there(request.images[0], studio):
        differences.append(_gone("upscale_initial_image", "to make larger", request.images[0]))
    plan = ReplayPlan(upscale=request, differences=differences)
    if request is None or plan.held_back:  # nothing can be left out here
        return plan, None
    try:
        [item] = await upscale_items(request, studio)
    except StudioError as error:
        refused = Difference(key="", kind="unsupported", message=f"{error.message} {error.hint}".strip())
        return plan.model_copy(update={"differences": [*differences, refused]}), None
    return plan, NewItem(session=item.session, request=item.request, prompt=item.prompt, origin=ORIGIN)


async def _as_it_stands(
    graph: Graph, order: ReplayOrder, studio: Services
) -> tuple[ReplayPlan, NewItem | None]:
    """The graph in a picture that says nothing else: a workflow's."""
    found, differences = with_models(graph, Shelf(studio.models.all(), order.substitutes))
    for name in sorted(set(_picture_names(graph.model_dump(mode="json")))):
        if not await _is_there(name, studio):
            differences.append(_gone("graph", "of its graph", name))
    plan = ReplayPlan(graph=True, differences=differences)
    if plan.held_back:
        return plan, None
    try:
        require_valid(found, allow=studio.settings.allow_nodes, deny=studio.settings.deny_nodes or ())
    except StudioError as error:
        refused = Difference(key="graph", kind="unsupported", message=error.message)
        return plan.model_copy(update={"differences": [*differences, refused]}), None
    return plan, NewItem(session=_anew(found), prompt="a workflow", origin=ORIGIN)


async def _without_missing_pictures(
    request: GenerationRequest, studio: Services
) -> tuple[GenerationRequest, list[Difference]]:
    """The request without what names a picture that is not in the gallery."""
    missing: list[Difference] = []

    async def there(key: str, called: str, name: str | None) -> bool:
        if name is None or await _is_there(name, studio):
            return True
        missing.append(_gone(key, called, name))
        return False

    update: dict[str, Any] = {}
    if not await there("init_image", "to start from", request.init_image):
        update |= {"init_image": None, "mask_image": None, "outpaint": type(request.outpaint)()}
    elif not await there("mask_image", "that is the mask", request.mask_image):
        update["mask_image"] = None
    lists: dict[str, tuple[Any, ...]] = {}
    lists["controls"] = tuple(
        [one for one in request.controls if await there("controlnets", "of a control", one.image)]
    )
    lists["references"] = tuple(
        [
            one
            for one in request.references
            if await there("ipAdapters", "of a reference", one.image)
            and await there("ipAdapters", "that is the mask of a reference", one.mask)
        ]
    )
    lists["regions"] = tuple(
        [
            one
            for one in request.regions
            if await there("regions", "that is the mask of a region", one.mask_image)
        ]
    )
    update |= {name: kept for name, kept in lists.items() if kept != getattr(request, name)}
    return request.model_copy(update=update), missing


def _exactly(request: GenerationRequest) -> dict[str, Any]:
    """Nothing is drawn by lot, and a picture is drawn from in the size it was."""
    update: dict[str, Any] = {"dynamic_prompts": False, "wildcards": False, "count": 1}
    if request.init_image is not None and request.scaled_width and request.scaled_height:
        update["scale_before_processing"] = "manual"
    return update


def _prompts(
    metadata: Mapping[str, Any], request: GenerationRequest, shelf: Shelf
) -> tuple[dict[str, str], list[Difference]]:
    """The prompts with the names that embeddings have here, and what is to be said of these."""
    prompts = {name: getattr(request, name) for name in ("positive_prompt", "negative_prompt")}
    differences: list[Difference] = []
    said = metadata.get("embeddings")
    for value in said[:100] if isinstance(said, list) else ():
        wanted = WantedModel.read(value)
        if wanted is None:
            continue
        try:
            record, difference = shelf.find("embeddings", wanted)
        except NoModel as why:
            differences.append(why.difference("embeddings"))
            continue
        differences += [difference] if difference is not None else []
        prompts = {
            name: text.replace(f"<{wanted.name}>", f"<{record.name}>") for name, text in prompts.items()
        }
    return prompts, differences


def _tags(metadata: Mapping[str, Any], prompt: str, shelf: Shelf) -> tuple[str, list[Difference]]:
    """The prompt without the tags of LoRAs that are not here, and what is to be said of them.

    Of LoRAs that the metadata lists as well everything has been said.
    """
    differences: dict[str, Difference] = {}
    said = metadata.get("hashes")
    hashes = said if isinstance(said, Mapping) else {}

    @cache  # a prompt may name one ten thousand times
    def here(name: str) -> str | None:
        """What the LoRA is called in a tag; None where it is not here, or one of too many."""
        if here.cache_info().misses > MOST_LORAS:
            return None
        wanted = WantedModel.read({"name": name, "hash": hashes.get(f"lora:{name}")})
        try:
            record, difference = shelf.find("loras", wanted or WantedModel(name=name))
        except NoModel as why:
            differences[name] = why.difference("loras")
            return None
        if difference is None or difference.kind != "substituted":
            return name
        differences[name] = difference
        return record.name

    def kept(match: re.Match[str]) -> str:
        name = here(match[1])
        return "" if name is None else f"<lora:{name}{match[2] or ''}>"

    prompt = _LORA_TAG.sub(kept, prompt)
    return prompt, [] if "loras" in metadata else list(differences.values())


def _anew(graph: Graph) -> str:
    """The graph as JSON for a run that takes nothing from runs before it: only that proves anything."""
    nodes = {name: node.model_copy(update={"use_cache": False}) for name, node in graph.nodes.items()}
    return graph.model_copy(update={"nodes": nodes}).model_dump_json()


def _read_graph(data: Any) -> Graph | None:
    """A graph out of a picture; None where it is none."""
    try:
        return Graph.model_validate(data) if data else None
    except (ValidationError, RecursionError):
        return None


def _renamed(value: Any, pictures: Mapping[str, str], depth: int = 0) -> Any:
    """A document in which pictures have taken the place of others."""
    if not pictures or depth > DEEPEST:
        return value
    if isinstance(value, dict):
        return {key: _renamed(one, pictures, depth + 1) for key, one in value.items()}
    if isinstance(value, list):
        return [_renamed(one, pictures, depth + 1) for one in value]
    return pictures.get(value, value) if isinstance(value, str) else value


def _picture_names(value: Any) -> Iterator[str]:
    """Every ``image_name`` of a graph's fields."""
    if isinstance(value, dict):
        for key, one in value.items():
            if key == "image_name" and isinstance(one, str):
                yield one
            elif key != "core_metadata":
                yield from _picture_names(one)
    elif isinstance(value, list):
        for one in value:
            yield from _picture_names(one)


async def _is_there(name: str, studio: Services) -> bool:
    if not PICTURE_NAME.fullmatch(name):
        return False
    try:
        await studio.gallery.file(name)
    except NotFoundError:
        return False
    return True


def _gone(key: str, called: str, name: str) -> Difference:
    shown = safe_text(name, limit=80)
    return Difference(
        key=key, kind="missing", message=f"the picture {called}, {shown}, is not in the gallery"
    )
