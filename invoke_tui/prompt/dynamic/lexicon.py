"""The wildcards of one expansion as commands of the library: read, checked and parsed once each."""

from __future__ import annotations

from dynamicprompts.commands import Command, LiteralCommand, VariantCommand, VariantOption, WildcardCommand
from dynamicprompts.parser.parse import parse
from dynamicprompts.wildcards import WildcardManager

from invoke_tui.prompt.dynamic.scan import scan, shield, unshield
from invoke_tui.prompt.dynamic.wildcards import Wildcards


class Lexicon(WildcardManager):
    """What the samplers ask for the values of wildcards."""

    def __init__(self, wildcards: Wildcards) -> None:
        super().__init__()
        self._wildcards = wildcards
        self._known: dict[str, list[VariantOption]] = {}
        self.unreadable: list[str] = []

    def options(self, name: str) -> list[VariantOption]:
        """The values of a wildcard; a value with malformed syntax stands for itself."""
        if name not in self._known:
            self._known[name] = [
                VariantOption(self._command(name, value.text), value.weight)
                for value in self._wildcards.values(name)
            ]
        return self._known[name]

    def as_choice(self, command: VariantCommand) -> VariantCommand:
        """``{2$$__name__}`` as a choice among the wildcard's values."""
        if len(command.values) != 1 or not isinstance(command.values[0], WildcardCommand):
            return command
        wildcard = command.values[0]
        name = str(wildcard.wildcard)
        options = self.options(name) or [VariantOption(LiteralCommand(shield(f"__{name}__")))]
        return VariantCommand(
            options, command.min_bound, command.max_bound, command.separator, wildcard.sampling_method
        )

    def _command(self, name: str, text: str) -> Command:
        found = scan(text)
        if found.problems:
            self.unreadable.append(
                f"__{name}__: {text[:60]!r} is read literally: {found.problems[0].message}"
            )
        elif found.parts:
            try:
                return parse(found.shielded)
            except Exception as error:  # a parser of parsers: what it raises on is not written down anywhere
                self.unreadable.append(f"__{name}__: {text[:60]!r} is read literally: {unshield(str(error))}")
        return LiteralCommand(shield(text))
