"""Tokens counted without torch are those that compel and the engine make of the same prompt."""

from __future__ import annotations

import random
import subprocess
import sys
from typing import Any

import pytest

from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.models.tokenizers import TokenizerDefinition
from invoke_tui.prompt.counting.counter import Counted, TokenCounter
from tests.prompt.prompts import WORDS, long_prompts, prompts

CLIP = TokenizerDefinition(encoder="CLIP", limit=75, chunks=True)


@pytest.fixture(scope="module")
def counter() -> TokenCounter:
    return TokenCounter(CLIP)


@pytest.fixture(scope="module")
def provider() -> Any:
    """compel's own chunking with the engine's CLIP tokenizer."""
    from compel.embeddings_provider import EmbeddingsProvider, SplitLongTextMode

    from invoke_tui.engine.loading.tokenizers import clip_tokenizer

    return EmbeddingsProvider(
        clip_tokenizer(),
        None,
        truncate=False,
        split_long_text_mode=SplitLongTextMode.SENTENCES,
        device="cpu",
    )


def by_compel(provider: Any, prompt: str) -> list[list[int]]:
    """The sizes of the chunks of every text that compel encodes."""
    from invoke_tui.engine.conditioning import to_compel
    from invoke_tui.prompt.heard import heard

    sizes = []
    for part in to_compel(heard(prompt)).prompts:
        for flat in getattr(part, "prompts", [part]):
            texts = [fragment.text for fragment in flat.children]
            # marks and padding weigh 1, whatever the text weighs
            _, weights, _ = provider.get_token_ids_and_expand_weights(texts, [2.0] * len(texts), "cpu")
            sizes.append((weights.reshape(-1, 77) == 2).sum(dim=1).tolist())
    return sizes


def sizes_of(counted: Counted) -> list[list[int]]:
    return [[chunk.tokens for chunk in part.chunks] for part in counted.parts]


def test_counts_as_compel_cuts(counter: TokenCounter, provider: Any) -> None:
    compared = 0
    for prompt in [*prompts(120), *long_prompts(30)]:
        assert sizes_of(counter.count(prompt)) == by_compel(provider, prompt), prompt
        compared += 1
    assert compared > 120


def test_any_text_counts_as_compel_cuts(counter: TokenCounter, provider: Any) -> None:
    draw = random.Random(5)
    alphabet = [
        *WORDS,
        "(",
        ")",
        '"',
        "[",
        "]",
        "\\",
        "\\(",
        "é",
        "中",
        "😀",
        "\x00",
        "\n",
        "++",
        ".blend(",
        "<a>",
    ]
    for _ in range(60):
        text = draw.choice(["", " "]).join(draw.choices(alphabet, k=draw.randint(0, 120)))
        assert sizes_of(counter.count(text)) == by_compel(provider, text), text


def test_chunks_know_their_characters(counter: TokenCounter) -> None:
    prompt = "  (red cats)1.3, \\(and\\) dogs. " * 30
    counted = counter.count(prompt)
    [part] = counted.parts
    assert len(part.chunks) > 2
    assert part.label == " + ".join(str(chunk.tokens) for chunk in part.chunks) + "/75"
    assert part.cut is None
    before = 0
    for chunk in part.chunks:
        assert before <= chunk.start < chunk.end
        assert prompt[chunk.start : chunk.end].startswith("red")
        assert prompt[chunk.start : chunk.end].endswith(".")
        assert set(prompt[before : chunk.start]) <= set(" (")
        before = chunk.end


def test_truncating_says_where_nothing_is_heard_any_more(counter: TokenCounter) -> None:
    prompt = "cat " * 74 + "photographs of zyxwvut"
    counted = counter.count(prompt, truncate=True)
    assert counted.cut == len("cat " * 74 + "photographs")
    assert [chunk.tokens for chunk in counted.chunks] == [75]
    assert counted.label.endswith("/75")
    assert counted.parts[0].tokens > 76
    assert counter.count("a cat", truncate=True).cut is None


def test_blends_and_conjunctions_are_counted_apart(counter: TokenCounter) -> None:
    counted = counter.count('("a cat", "two red dogs").blend(1, 2)')
    assert [part.label for part in counted.parts] == ["2/75", "3/75"]
    assert counted.label == "2/75 | 3/75"
    spans = [(chunk.start, chunk.end) for chunk in counted.chunks]
    assert spans == [(2, 7), (11, 23)]


def test_embeddings_count_their_vectors(counter: TokenCounter) -> None:
    embeddings = {"style": 8, "style.two": 3}
    counted = counter.count("a <style> cat <style.two><other>", embeddings=embeddings)
    plain = counter.count("a cat <other>")
    assert counted.parts[0].tokens == 8 + 3 + plain.parts[0].tokens
    many = counter.count("<style> " * 12, embeddings=embeddings)
    assert [chunk.tokens for chunk in many.chunks] == [75, 21]


def test_nothing_is_one_empty_chunk(counter: TokenCounter) -> None:
    for text in ("", "  ", "()"):
        [chunk] = counter.count(text).chunks
        assert (chunk.tokens, chunk.limit) == (0, 75)


def test_sdxls_second_encoder_reads_exclamation_marks_one_by_one() -> None:
    from invoke_tui.engine.loading.tokenizers import clip_tokenizer

    text = "wow!!! a cat! (dogs!!)1.2"
    count = TokenCounter(CLIP.model_copy(update={"special": ("!",)})).count(text)
    engine = clip_tokenizer(pad_token="!")
    pieces = ["wow!!! a cat!", "dogs!!"]
    assert count.parts[0].tokens == sum(len(engine(p, add_special_tokens=False)["input_ids"]) for p in pieces)
    assert count.parts[0].tokens > TokenCounter(CLIP).count(text).parts[0].tokens


@pytest.mark.parametrize(
    ("scheme", "data"),
    [
        ("clip", "[]"),
        ("clip", '{"vocab": {"a": -1}, "merges": []}'),
        ("clip", '{"vocab": {"a": 0}, "merges": [["b", "c"]]}'),
        ("clip", None),
        ("t5", '{"vocab": []}'),
        ("t5", '{"vocab": [["a", 1], ["b", 2], ["c", 3]], "charsmap": "////"}'),
        ("json", '{"model": {"type": "Nothing"}}'),
        ("json", "\x00"),
    ],
)
def test_damaged_tokenizers_are_one_error(scheme: Any, data: str | None) -> None:
    definition = CLIP.model_copy(update={"scheme": scheme, "data": data, "digest": f"{scheme}{data}"})
    with pytest.raises(BadInputError, match="tokenizer of CLIP is damaged"):
        TokenCounter(definition)


def test_counting_brings_in_no_torch() -> None:
    code = """
import sys
from invoke_tui.domain.models.tokenizers import TokenizerDefinition
from invoke_tui.prompt.counting.counter import TokenCounter
assert "tokenizers" not in sys.modules
print(TokenCounter(TokenizerDefinition(encoder="CLIP", limit=75, chunks=True)).count("a red cat").label)
assert not {"torch", "transformers", "compel"} & set(sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("3/75\n", "")


def test_encoders_that_mind_writing_hear_a_plain_prompt_as_it_stands() -> None:
    from invoke_tui.prompt.heard import heard_as_written

    def texts(prompt: str) -> list[str]:
        return [f.text for part in heard_as_written(prompt).parts for one in part.prompts for f in one]

    for plain in ('a sign "stop, (now)"', "a,b  c", "", "(two cats)"):
        assert texts(plain) == [plain]
    assert texts("a (red)1.2, (blue)0.5 cat") == ["a", "red", ",", "blue", "cat"]
    assert texts("a,b (c)++") == ["a,b", "c"]
    assert texts("a [red] cat") == ["a cat"]
    assert texts('("a,b", "c").and()') == ["a,b", "c"]
    count = TokenCounter(CLIP.model_copy(update={"chunks": False})).count('a "red" (cat)1.2 ' + "cat " * 90)
    assert count.parts[0].tokens == 93
    assert count.cut == len('a "red" (cat)1.2 ' + "cat " * 72) - 1
