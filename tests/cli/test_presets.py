"""generate with a preset and with --vary: what is given comes over it, and labels stand at their pictures."""

from __future__ import annotations

from invoke_tui.client.export.sheet import Cell, in_rows
from invoke_tui.domain.request.parameters import GenerationRequest
from invoke_tui.domain.request.presets import Preset
from tests.cli.conftest import Run
from tests.cli.fake_studio import FakeStudio


def test_flags_come_over_a_preset_even_with_their_default(fake: FakeStudio, run: Run) -> None:
    kept = GenerationRequest(
        positive_prompt="a fox", negative_prompt="fog", steps=9, clip_skip=2, count=4, refiner_steps=5,
        seamless_x=True, dynamic_prompts=False, combinatorial=False,
    )  # fmt: skip
    fake.presets = [Preset(name="mine", request=kept)]
    assert run("generate", "--preset", "mine", "--no-wait").code == 0
    assert fake.requests[-1] == kept
    given = ("--clip-skip", "0", "--count", "1", "--refiner-steps", "20", "--seamless", "", "-n", "")
    assert run("generate", "--preset", "mine", "--dynamic", "--combinatorial", *given, "--no-wait").code == 0
    changed = {"clip_skip": 0, "count": 1, "refiner_steps": 20, "seamless_x": False, "negative_prompt": ""}
    changed |= {"dynamic_prompts": True, "combinatorial": True}
    assert fake.requests[-1] == kept.model_copy(update=changed)
    assert run("generate", "a cat", "--preset", "mine", "--steps", "3", "--no-wait").code == 0
    assert fake.requests[-1] == kept.model_copy(update={"positive_prompt": "a cat", "steps": 3})


def test_a_row_of_the_sheet_is_as_long_as_what_its_values_became() -> None:
    cells = [
        (number, Cell(b"", (f"{number}.{k}",)))
        for number, made in enumerate((3, 1, 2, 1))
        for k in range(made)
    ]
    laid, columns = in_rows(cells, 2)
    labels = [cell.label[0] if cell else "" for cell in laid]
    assert columns == 4
    assert labels == ["0.0", "0.1", "0.2", "1.0", "2.0", "2.1", "3.0", ""]
