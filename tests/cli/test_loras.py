"""``--lora NAME:W``: names with colons, weights that are none, and what is wrong with them."""

from __future__ import annotations

import pytest

from invoke_tui.cli.parameters import loras
from invoke_tui.domain.errors import BadInputError
from tests.cli.conftest import Run
from tests.cli.fake_studio import FakeStudio


@pytest.mark.parametrize(
    ("given", "name", "weight"),
    [
        ("style", "style", None),
        ("style:0.5", "style", 0.5),
        ("style:-1", "style", -1.0),
        ("my: style:2", "my: style", 2.0),
        ("my:style", "my:style", None),
        ("v1:2:", "v1:2", None),
        (" spaced :1", "spaced", 1.0),
    ],
)
def test_names_and_weights(given: str, name: str, weight: float | None) -> None:
    assert loras([given]) == ({"model": name, "weight": weight},)


@pytest.mark.parametrize("given", ["", ":0.5", " :", ":"])
def test_a_missing_name(given: str) -> None:
    with pytest.raises(BadInputError, match="a name is missing"):
        loras([given])


@pytest.mark.parametrize("weight", ["11", "-10.5", "nan", "inf"])
def test_weights_out_of_bounds(fake: FakeStudio, run: Run, weight: str) -> None:
    done = run("generate", "a fox", "--lora", f"style:{weight}", "--json")
    assert done.code == 2
    assert done.json["error"]["code"] == "bad_value"
    assert "--lora" in done.json["error"]["message"]
    assert fake.requests == []
