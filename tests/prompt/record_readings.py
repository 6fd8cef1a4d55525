"""``python -m tests.prompt.record_readings``: writes how compel's own parser reads a corpus of 500 prompts.

Compel takes a minute for what its conditioning needs seconds for, so tests take the readings from the file and let
compel parse a sample of them again.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.prompt.prompts import long_prompts, prompts

READINGS = Path(__file__).parent / "data" / "compel_readings.json"
COUNT = 500


def reading_of(conjunction: Any) -> dict[str, Any]:
    """A ``Conjunction`` of compel as plain data."""
    parts = []
    for part in conjunction.prompts:
        flat = getattr(part, "prompts", [part])
        parts.append({
            "prompts": [[[one.text, one.weight] for one in prompt.children] for prompt in flat],
            "weights": list(getattr(part, "weights", [1.0])),
            "normalize": getattr(part, "normalize_weights", True),
            "blend": hasattr(part, "prompts"),
        })  # fmt: skip
    return {"parts": parts, "weights": list(conjunction.weights)}


def compel_of(reading: dict[str, Any]) -> Any:
    """The ``Conjunction`` of compel that ``reading_of`` was given."""
    from compel.prompt_parser import Blend, Conjunction, FlattenedPrompt, Fragment

    def flat(fragments: list[list[Any]]) -> Any:
        made = [Fragment("", weight) for _, weight in fragments]
        for one, (text, _) in zip(made, fragments, strict=True):
            one.text = text
        return FlattenedPrompt(made)

    parts = []
    for part in reading["parts"]:
        prompts_ = [flat(fragments) for fragments in part["prompts"]]
        parts.append(
            Blend(prompts_, part["weights"], normalize_weights=part["normalize"])
            if part["blend"]
            else prompts_[0]
        )
    return Conjunction(parts, reading["weights"])


def main() -> None:
    from compel.compel import Compel

    corpus = list(dict.fromkeys([*prompts(600), *long_prompts(40)]))
    corpus = [*corpus[: COUNT - 40], *corpus[-40:]]
    readings = {prompt: reading_of(Compel.parse_prompt_string(prompt)) for prompt in corpus}
    lines = ",\n".join(
        f"{json.dumps(p, ensure_ascii=False)}: {json.dumps(r, ensure_ascii=False)}"
        for p, r in readings.items()
    )
    READINGS.write_text("{\n" + lines + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
