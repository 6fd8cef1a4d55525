"""A prompt put into a template."""

from __future__ import annotations

from invoke_tui.domain.templates import PLACEHOLDER, TemplateText


def merge(template: TemplateText, positive: str, negative: str) -> tuple[str, str]:
    """The positive and the negative prompt with the template around them; also what "flatten" writes."""
    return put_into(template.positive_prompt, positive), put_into(template.negative_prompt, negative)


def put_into(template: str, prompt: str) -> str:
    """``{prompt}`` replaced; where there is none, the template follows the prompt, as in InvokeAI."""
    if PLACEHOLDER in template:
        return template.replace(PLACEHOLDER, prompt)
    return f"{prompt} {template}".strip() if template.strip() else prompt
