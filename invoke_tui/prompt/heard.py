"""What a text encoder is told of a prompt. The engine encodes it and the editor counts it."""

from __future__ import annotations

from dataclasses import replace

from invoke_tui.prompt.flatten import Conjunction, Fragment, flatten
from invoke_tui.prompt.parse import parse
from invoke_tui.prompt.tree import Group, Node, Prompt, Word, walk


def heard(prompt: str) -> Conjunction:
    """As compel has it: words with a space between them. For SD 1, 2 and XL."""
    return flatten(parse(prompt).tree)


def heard_as_written(prompt: str) -> Conjunction:
    """For encoders that mind how text is written (FLUX.1, SD 3): ``a,b`` and ``a, b`` are two texts to T5.

    A prompt without weights or operators goes to them character by character, quotes and parentheses included, as it
    does in InvokeAI. Any other loses its syntax, and its words have a space between them where the prompt has one.
    """
    tree = parse(prompt).tree
    if _is_plain(tree, prompt):
        return _plain(prompt)
    conjunction = flatten(tree)
    return replace(
        conjunction,
        parts=tuple(
            replace(
                part,
                prompts=tuple(
                    tuple(_as_written(one, prompt) for one in fragments) for fragments in part.prompts
                ),
            )
            for part in conjunction.parts
        ),
    )


def plain_texts(conjunction: Conjunction) -> list[tuple[str, float]]:
    """The words of a prompt without its weights, part by part with their shares, which add up to 1.

    A pooled text state knows no weights of words, so it is made of these.
    """
    found = [
        (" ".join(f.text.strip() for f in fragments if f.text.strip()), weight * share)
        for part, weight in zip(conjunction.parts, conjunction.weights, strict=True)
        for fragments, share in zip(part.prompts, part.weights, strict=True)
    ]
    total = sum(share for _, share in found)
    return [(text, share / total) for text, share in found] if total else [(found[0][0], 1.0)]


def only_text(conjunction: Conjunction) -> str | None:
    """The text of a prompt that is nothing but one text; None where there is anything to weigh."""
    if conjunction.weights != (1.0,) or len(conjunction.parts[0].prompts) > 1:
        return None
    fragments = conjunction.parts[0].prompts[0]
    return fragments[0].text if len(fragments) == 1 and fragments[0].weight == 1 else None


def _is_plain(tree: Node, prompt: str) -> bool:
    for node, weight in walk(tree):
        match node:
            case Word() if node.text == prompt[node.start : node.end]:
                continue
            case Prompt():
                continue
            case Group() if weight == 1 and node.mark is None:
                continue
            case _:
                return False
    return True


def _plain(prompt: str) -> Conjunction:
    whole = Fragment(prompt, words=(Word(0, len(prompt), prompt),))
    empty = flatten(Prompt(0, 0))
    return replace(empty, parts=(replace(empty.parts[0], prompts=((whole,),)),))


def _as_written(fragment: Fragment, prompt: str) -> Fragment:
    parts: list[str] = []
    before: Word | None = None
    for word in fragment.words:
        if before is not None and _apart(prompt[before.end : word.start], word):
            parts.append(" ")
        parts.append(word.text)
        before = word
    return replace(fragment, text="".join(parts))


def _apart(between: str, word: Word) -> bool:
    """Whether a space goes before a word: not between neighbours, nor before a comma that follows a weight."""
    return bool(between) and (any(char.isspace() for char in between) or word.text[:1].isalnum())
