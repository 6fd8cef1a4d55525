"""``("a", "b").blend(…)`` and ``("a", "b").and(…)``, which are always the whole prompt."""

from __future__ import annotations

from invoke_tui.prompt import grammar
from invoke_tui.prompt.problems import Problem
from invoke_tui.prompt.reader import Ask, Mode, Reader, Run
from invoke_tui.prompt.tree import AllOf, BlendOf, Group, Node, Span, Swap, Word, walk

NO_NORMALIZE = "no_normalize"


def read_join(reader: Reader) -> BlendOf | AllOf | Problem | None:
    """The prompt as a blend or conjunction, what is wrong with it, or None where it is neither."""
    text = reader.text
    limit = len(text)
    start = reader.skip_space(0, limit)
    if not text.startswith("(", start):
        return None
    prompts, separators, at = _prompts(reader, start + 1)
    operator = grammar.JOIN.match(text, at + 1, limit) if text.startswith(")", at) else None
    if not prompts or not operator:
        return None
    name = operator[1]
    head = Span(operator.start(1) - 1, operator.end())
    arguments = grammar.OPTIONS.match(text, operator.end(), limit)
    if not arguments:
        return Problem(*head, f'".{name}(" is read literally: weights and ) must follow')
    end = arguments.end() + 1
    rest = reader.skip_space(end, limit)
    if rest < limit:
        return Problem(rest, limit, f'".{name}(…)" is read literally: nothing may follow it')
    inside = Span(*arguments.span())
    options = [match[0] for match in grammar.OPTION.finditer(arguments[0])]
    normalize = not (name == "blend" and options and options[-1] == NO_NORMALIZE)
    weights = _weights(options if normalize else options[:-1])
    if weights is None:
        return Problem(*inside, f'".{name}" is read literally: it takes numbers, one for each prompt')
    weights = weights or (1.0,) * len(prompts)
    if len(weights) != len(prompts):
        return Problem(
            *inside, f'".{name}" is read literally: {len(prompts)} prompts, {len(weights)} weights'
        )
    brackets = (Span(start, start + 1), Span(at, at + 1))
    commas = tuple(separators)
    calls = (head, Span(end - 1, end))
    if name != "blend":
        return AllOf(start, end, tuple(prompts), weights, brackets, commas, calls, inside)
    for prompt in prompts:
        for node, _ in walk(prompt):
            if isinstance(node, Swap):
                return Problem(node.start, node.end, "the blend is read literally: a swap cannot stand in it")
    return BlendOf(start, end, tuple(prompts), weights, normalize, brackets, commas, calls, inside)


def _weights(options: list[str]) -> tuple[float, ...] | None:
    if all(grammar.NUMBER.fullmatch(option) for option in options):
        return tuple(grammar.bounded(float(option)) for option in options)
    return None


def _prompts(reader: Reader, at: int) -> tuple[list[Node], list[Span], int]:
    """The prompts in the parentheses, the commas between them, and where reading stopped."""
    text, limit = reader.text, len(reader.text)
    prompts: list[Node] = []
    separators: list[Span] = []
    while True:
        at = reader.skip_space(at, limit)
        prompt = _prompt(reader, at, limit)
        if prompt is None:
            return [], [], at
        prompts.append(prompt)
        at = reader.skip_space(prompt.end, limit)
        if not text.startswith(",", at):
            return prompts, separators, at
        separators.append(Span(at, at + 1))
        at += 1


def _prompt(reader: Reader, at: int, limit: int) -> Node | None:
    text = reader.text
    if text.startswith("(", at):
        run = reader.run(Ask(Mode.GROUP, at + 1, limit))
        if isinstance(run, Run):
            return Group(at, run.end, run.children, brackets=(Span(at, at + 1), run.close))
        return None
    if quoted := grammar.QUOTED.match(text, at, limit):
        run = reader.run(Ask(Mode.QUOTE, *quoted.span(1)))
        if not isinstance(run, Run):
            run = reader.run(Ask(Mode.TEXT, *quoted.span(1)))
        if isinstance(run, Run):
            close = Span(quoted.end() - 1, quoted.end())
            return Group(at, quoted.end(), run.children, quoted=True, brackets=(Span(at, at + 1), close))
    word = grammar.WORD.match(text, at, limit)
    return Word(at, word.end(), grammar.unescaped(word[0])) if word else None
