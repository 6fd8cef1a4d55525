"""What the editors learn from the studio: how many tokens a text is, and what may be offered at the cursor."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from textual.content import Content

from invoke_tui.domain.errors import StudioError
from invoke_tui.domain.models.families import traits_of
from invoke_tui.domain.models.records import BaseModelType, ModelRecord, ModelType
from invoke_tui.domain.request.parameters import LORA_WEIGHT
from invoke_tui.domain.text import safe_text
from invoke_tui.tui.beside import beside
from invoke_tui.tui.prompts.completion import Lora, Phrases, Sources

if TYPE_CHECKING:
    from invoke_tui.domain.request.wildcards import PromptPreview
    from invoke_tui.prompt.counting.counter import Counted, TokenCounter
    from invoke_tui.tui.prompts.panel import PromptBox
    from invoke_tui.tui.screens.desk import Desk

REMEMBERED: Final = 1_000
"""Prompts of the person's own that words are taken from."""

KEPT: Final = 16
"""Texts whose counts are kept."""
MOST_CHUNKS: Final = 3
"""Chunks that are counted one by one: ``75 + 75 + 12/75``."""
ENCODERS: Final = ("t5_encoder", "clip_embed", "clip_g")
"""Parts that read text, which the form may name."""


class PromptAids:
    """Works for one Generate screen. Whatever the studio cannot say is not shown, and never guessed."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._models: Sequence[ModelRecord] = ()
        self._asked: tuple[Any, ...] | None = None
        self._counters: list[TokenCounter] = []
        self._embeddings: Mapping[str, int] = {}
        self._counted: dict[tuple[str, bool], list[Counted]] = {}
        self._heard: PromptPreview | None = None
        self._sources = Sources()

    def show_models(self, models: Sequence[ModelRecord]) -> None:
        """These models are there."""
        self._models = models
        self._asked = None
        self.model_chosen()

    def model_chosen(self) -> None:
        """Another model draws, or is read by other encoders."""
        if (asked := self._encoders()) != self._asked:
            self._asked = asked
            self._run(self._learn, "aids")

    def prompts_changed(self) -> None:
        """Count anew."""
        if self._counters:
            self._run(self._count, "count")

    def words_changed(self) -> None:
        """There may be other wildcards, templates or remembered prompts."""
        self._run(self._offer, "aids")

    def _run(self, do: Callable[[], Coroutine[Any, Any, None]], group: str) -> None:
        beside(self._desk.screen, group, do)

    def _encoders(self) -> tuple[Any, ...]:
        model, parts = self._desk.form.model, self._desk.form.advanced.asked()
        return (model and model.key, *(parts.get(name) for name in ENCODERS))

    async def _learn(self) -> None:
        await self._learn_tokens()
        await self._offer()

    # -- tokens ---------------------------------------------------------------------------------------------------

    async def _learn_tokens(self) -> None:
        """Fetch the tokenizers of the chosen model."""
        key, *parts = self._encoders()
        self._counters, self._counted, self._embeddings = [], {}, {}
        try:
            client = await self._desk.client()
            found = await client.tokenizers(key, **dict(zip(ENCODERS, parts, strict=True)))
            self._counters = await asyncio.to_thread(_counters, found.encoders)
            self._embeddings = found.embeddings
        except StudioError:
            pass
        await self._count()

    def heard(self, preview: PromptPreview | None) -> None:
        """What the prompts become: template and choices are counted as the model will hear them."""
        if preview != self._heard:
            self._heard = preview
            self.prompts_changed()

    async def _count(self) -> None:
        prompts, heard = self._desk.screen.prompts, self._heard
        drawn = [heard.prompts, [heard.negative]] if heard and heard.prompts else [[], []]
        if self._desk.options.template is None:
            drawn[1] = []  # only a template makes something else of it
        for box, texts in zip(prompts.boxes, drawn, strict=True):
            text = box.editor.text
            if not texts or texts == [text]:
                counted = await self._count_kept(text)
                if box.editor.text == text:
                    show_count(box, counted, text)
            else:
                counts = [await self._count_kept(one) for one in texts]
                show_most(box, max(counts, key=_tokens), several=len(texts) > 1)

    async def _count_kept(self, text: str) -> list[Counted]:
        truncate = self._desk.form.advanced.truncates
        counted = self._counted.get((text, truncate))
        if counted is None:
            counted = await asyncio.to_thread(self._count_one, text, truncate)
            while len(self._counted) >= KEPT:
                del self._counted[next(iter(self._counted))]
            self._counted[text, truncate] = counted
        return counted

    async def counted(self, text: str) -> Content:
        """The tokens of any text in words; nothing while they cannot be counted."""
        truncate = self._desk.form.advanced.truncates
        return count_words(await asyncio.to_thread(self._count_one, text, truncate))

    def _count_one(self, text: str, truncate: bool) -> list[Counted]:
        return [
            counter.count(text, truncate=truncate, embeddings=self._embeddings) for counter in self._counters
        ]

    # -- what may be offered --------------------------------------------------------------------------------------

    async def _offer(self) -> None:
        """Tell the editors what there is: the models at once, the rest as it comes."""
        self._sources = of_models(self._models, self._desk.form.model)
        self._tell()
        try:
            client = await self._desk.client()
            wildcards = (await client.wildcards()).wildcards
            templates = await client.templates()
            remembered = await client.prompt_history(limit=REMEMBERED)
        except StudioError:
            return
        texts = [text for one in remembered for text in (one.positive_prompt, one.negative_prompt)]
        phrases = await asyncio.to_thread(Phrases, texts)
        self._sources = Sources(
            embeddings=self._sources.embeddings,
            loras=self._sources.loras,
            triggers=self._sources.triggers,
            wildcards=tuple((safe_text(wildcard.name), wildcard.values) for wildcard in wildcards),
            templates=tuple(template.name for template in templates),
            phrases=phrases,
        )
        self._tell()

    def _tell(self) -> None:
        for box in self._desk.screen.prompts.boxes:
            box.editor.sources = self._sources


def _counters(definitions: Sequence[Any]) -> list[TokenCounter]:
    from invoke_tui.prompt.counting.counter import counters_of

    return counters_of(definitions)


def of_models(models: Sequence[ModelRecord], main: ModelRecord | None) -> Sources:
    """What models have to offer for ``main``: names that a prompt can write, and trigger words."""
    if main is None:
        return Sources()
    fitting = [m for m in models if not m.missing and m.base in (main.base, BaseModelType.ANY)]
    loras = (
        [m for m in fitting if m.type is ModelType.LORA and _writable(m.name)]
        if traits_of(main).loras
        else []
    )
    return Sources(
        embeddings=tuple(m.name for m in fitting if m.type is ModelType.EMBEDDING and _writable(m.name)),
        loras=tuple(
            Lora(m.name, m.default_settings.weight or LORA_WEIGHT, tuple(map(safe_text, m.trigger_phrases)))
            for m in loras
        ),
        triggers=tuple(map(safe_text, main.trigger_phrases)),
    )


def _writable(name: str) -> bool:
    return not set(name) & set("<>:\n") and safe_text(name) == name


# -- the count in words -----------------------------------------------------------------------------------------------


class Said(NamedTuple):
    """What one encoder, or several that agree, say."""

    names: list[str]
    label: str
    colour: str


def show_count(box: PromptBox, counted: Sequence[Counted], text: str) -> None:
    """Say the count at the heading, and mark in the text what it means."""
    box.say_count(count_words(counted) if text.strip() else Content())
    chunked = next((one for one in counted if one.cut is None and len(one.chunks) > 1), None)
    breaks = [chunk.start for part in chunked.parts for chunk in part.chunks[1:]] if chunked else []
    cuts = [one.cut for one in counted]
    unheard = (
        max((cut for cut in cuts if cut is not None), default=None)
        if all(c is not None for c in cuts)
        else None
    )
    box.editor.show_count(breaks, unheard)


def show_most(box: PromptBox, counted: Sequence[Counted], *, several: bool) -> None:
    """Say the count of what the text becomes, the longest where that is several; its characters are not the text's."""
    box.say_count(Content.assemble(("up to " if several else "", "$text-muted"), count_words(counted)))
    box.editor.show_count([], None)


def _tokens(counted: Sequence[Counted]) -> int:
    return sum(chunk.tokens for one in counted for chunk in one.chunks)


def label_of(counted: Counted) -> str:
    """The count, in short where there are many chunks."""
    chunks = counted.chunks
    if counted.cut is not None or len(chunks) <= MOST_CHUNKS:
        return counted.label
    return f"{sum(chunk.tokens for chunk in chunks):,} in {len(chunks)} × {chunks[-1].limit}"


def count_words(counted: Sequence[Counted]) -> Content:
    """``23/75``, or ``CLIP 80/75 cut · T5 79/255`` where encoders differ."""
    said: list[Said] = []
    for one in counted:
        colour = "$text-muted"
        if one.cut is not None:
            colour = "$text-error"
        elif any(len(part.chunks) > 1 for part in one.parts):
            colour = "$text-warning"
        label = f"{label_of(one)} cut" if one.cut is not None else label_of(one)
        same = next((other for other in said if other.label == label), None)
        if same:
            same.names.append(one.encoder)
        else:
            said.append(Said([one.encoder], label, colour))
    if len(said) == 1:
        return Content.assemble((said[0].label, said[0].colour))
    pieces: list[Any] = []
    for one_said in said:
        pieces += [(" · ", "$text-muted"), (f"{' '.join(one_said.names)} {one_said.label}", one_said.colour)]
    return Content.assemble(*pieces[1:])
