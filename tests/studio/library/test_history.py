"""The prompts that were used: remembered as typed, found by a few letters, pinned and forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from invoke_tui.domain.errors import NotFoundError
from invoke_tui.domain.request.parameters import GenerationRequest
from invoke_tui.studio.database import Database
from invoke_tui.studio.database.migrate import prepare
from invoke_tui.studio.library import history
from invoke_tui.studio.library.history import PromptHistory
from tests.studio.harness import StudioHarness


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    path = tmp_path / "invoke_tui.db"
    prepare(path)
    opened = Database(path)
    yield opened
    opened.close()


def asked(positive: str, negative: str = "") -> GenerationRequest:
    return GenerationRequest(positive_prompt=positive, negative_prompt=negative)


async def texts(kept: PromptHistory, query: str = "", limit: int = 200) -> list[str]:
    return [one.positive_prompt for one in await kept.find(query, limit)]


async def test_what_is_enqueued_is_remembered_as_it_was_typed(studio: StudioHarness) -> None:
    client = await studio.start()
    await client.pause()
    first = GenerationRequest(
        positive_prompt="a {red|blue} fox", negative_prompt="blur", template="Line icon"
    )
    assert (await client.enqueue(first, asked("a quiet harbour"))).per_request == [2, 1]
    await client.enqueue(first)
    await client.enqueue(asked(""))
    fox, harbour = await client.prompt_history()
    assert (fox.positive_prompt, fox.negative_prompt, fox.uses) == ("a {red|blue} fox", "blur", 2)
    assert (harbour.positive_prompt, harbour.uses, harbour.pinned) == ("a quiet harbour", 1, False)
    assert fox.used_at > harbour.used_at
    await client.pin_prompt(harbour.id)
    assert [one.id for one in await client.prompt_history()] == [harbour.id, fox.id]
    assert [one.id for one in await client.prompt_history("blur fx")] == [fox.id]
    assert await client.clear_history() == 1
    [kept] = await client.prompt_history()
    assert kept.pinned
    await client.forget_prompt(harbour.id)
    with pytest.raises(NotFoundError):
        await client.pin_prompt(harbour.id, False)
    assert not await client.prompt_history()


async def test_the_setting_switches_it_off(database: Database) -> None:
    kept = PromptHistory(database, on=False)
    await kept.note([asked("a secret")])
    assert not await kept.find()


async def test_the_oldest_goes_and_pins_stay(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "MOST", 3)
    kept = PromptHistory(database)
    await kept.note([asked("first")])
    await kept.pin((await kept.find())[0].id, pinned=True)
    await kept.note([asked(f"number {number}") for number in range(5)])
    assert await texts(kept) == ["first", "number 4", "number 3", "number 2"]
    await kept.note([asked("number 2"), asked("x" * (history.LONGEST + 1))])
    assert await texts(kept) == ["first", "number 2", "number 4", "number 3"]


async def test_the_best_match_comes_first_and_the_newest_of_equal_ones(database: Database) -> None:
    kept = PromptHistory(database)
    await kept.note(
        asked(*pair)
        for pair in (
            ("a fox in snow", ""),
            ("foxglove on a hill", ""),
            ("flat oxbow lake, extra large", ""),
            ("a fox at night", "snow"),
            ("a lighthouse in fog", "people"),
            ("Straße, ÄPFEL", ""),
        )
    )
    assert await texts(kept, "fox") == [
        "a fox at night", "a fox in snow", "foxglove on a hill", "flat oxbow lake, extra large"
    ]  # fmt: skip
    assert await texts(kept, "snow fox") == ["a fox at night", "a fox in snow"]
    assert await texts(kept, "lghthse ppl") == ["a lighthouse in fog"]
    assert await texts(kept, "äpfel") == ["Straße, ÄPFEL"]
    assert await texts(kept, "fox zebra") == []
    assert await texts(kept, "fox", limit=1) == ["a fox at night"]


async def test_ten_thousand_prompts_are_searched(database: Database) -> None:
    kept = PromptHistory(database)
    await kept.note(
        asked(f"{number} boats, " + "soft light over the harbour, " * 10) for number in range(9_999)
    )
    await kept.note([asked("a lighthouse")])
    assert await texts(kept, "lighthouse") == ["a lighthouse"]
    assert len(await texts(kept, "sft hrb", limit=10_000)) == 9_999
    assert (await texts(kept, "4711 boats"))[0].startswith("4711 boats")
