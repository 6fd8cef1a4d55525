"""A prompt put into a template."""

from __future__ import annotations

from invoke_tui.domain.request.templates import PLACEHOLDER, TemplateText


def merge(template: TemplateText, positive: str, negative: str) -> tuple[str, str]:
    """The positive and the negative prompt with the template around them; also what "flatten" writes."""
    return put_into(template.positive_prompt, positive), put_into(template.negative_prompt, negative)


def put_into(template: str, prompt: str) -> str:
    """``{prompt}`` replaced; where there is none, the template follows the prompt, as in InvokeAI."""
    return "".join(text for text, _ in pieces(template, prompt))


def pieces(template: str, prompt: str) -> list[tuple[str, bool]]:
    """The merged text in pieces, with whether each is the person's own."""
    if PLACEHOLDER in template:
        first, *rest = template.split(PLACEHOLDER)
        return [(first, False), *(piece for text in rest for piece in ((prompt, True), (text, False)))]
    if not template.strip():
        return [(prompt, True)]
    if not prompt.strip():
        return [(template.strip(), False)]
    return [(prompt.lstrip(), True), (f" {template.rstrip()}", False)]
