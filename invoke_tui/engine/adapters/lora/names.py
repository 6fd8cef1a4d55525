"""What a component's layers are called: by us, by the original trainers, and by those who write underscores for dots.

The table is made from the component's own structure and its layout's rules, so a name is looked up and never guessed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from torch import nn

from invoke_tui.engine.loading.layouts.layout import Layout
from invoke_tui.engine.loading.layouts.rules import Rule

_TEXT_LEVEL: Final = "text_model."
_ATTENTION: Final = ("to_q", "to_k", "to_v")


@dataclass(frozen=True)
class Target:
    """Layers whose stacked weights a trainer's layer is; ``rule`` says how (its names are paths in the component)."""

    rule: Rule

    @property
    def paths(self) -> tuple[str, ...]:
        """The layers in the component."""
        return self.rule.ours


class Names:
    """The names of one component. It knows no weights and may be kept."""

    def __init__(self, paths: Iterable[str], rules: Sequence[Rule] = ()) -> None:
        self._targets: dict[str, Target] = {}
        own = sorted(set(paths))
        lacks_level = any(path.startswith("encoder.layers.") for path in own)
        named = {(_TEXT_LEVEL if lacks_level else "") + path: path for path in own}
        for name, path in named.items():
            self._add(name, Rule(name, (path,)))
            self._add(name.removeprefix(_TEXT_LEVEL), Rule(name, (path,)))
            if name.endswith(".to_out.0"):
                self._add(name.removesuffix(".0"), Rule(name, (path,)))
        by_ours = {name: known for known in rules for name in known.ours}
        for name in named:
            self._add_original(name, named, by_ours)
        for path in own:
            stacked = tuple(path.removesuffix(_ATTENTION[0]) + name for name in _ATTENTION)
            if path.endswith(f".{_ATTENTION[0]}") and all(other in named for other in stacked):
                self._add(path[:-1] + "qkv", Rule(path, stacked))

    def find(self, name: str) -> Target | None:
        """The layers that ``name`` stands for, in whatever spelling; None when there are none."""
        return self._targets.get(_flat(name))

    def _add(self, name: str, rule: Rule) -> None:
        self._targets.setdefault(_flat(name), Target(rule))

    def _add_original(self, name: str, named: Mapping[str, str], by_ours: Mapping[str, Rule]) -> None:
        """The name that the original trainer's files have for the layer ``name``."""
        head, tail = f"{name}.weight", ""
        while head and head not in by_ours:
            head, _, last = head.rpartition(".")
            tail = f".{last}{tail}"
        if not head:
            return
        rule = by_ours[head]
        layers = [(part + tail).removesuffix(".weight") for part in rule.ours]
        if all(layer in named for layer in layers):
            paths = tuple(named[layer] for layer in layers)
            original = (rule.original + tail).removesuffix(".weight")
            self._add(original, Rule(original, paths, rule.shares, rule.turn))
            for number, path in enumerate(paths if len(paths) > 1 else ()):  # OneTrainer numbers the parts
                self._add(f"{original}.{number}", Rule(f"{original}.{number}", (path,), turn=rule.turn))


def names_of(module: nn.Module, layout: Layout | None) -> Names:
    """The names of a loaded component, whose single files are laid out as ``layout`` says."""
    paths = {name.rpartition(".")[0] for name, _ in module.named_parameters(remove_duplicate=False)}
    return Names((path for path in paths if path), _rules(getattr(module, "config", None), layout))


def _rules(config: Any, layout: Layout | None) -> Sequence[Rule]:
    if config is None or layout is None:
        return ()
    plain = config.to_dict() if hasattr(config, "to_dict") else dict(config)
    try:
        return layout.rules(plain)
    except (KeyError, TypeError, IndexError):  # a model that no original trainer knows has no other names
        return ()


def _flat(name: str) -> str:
    return name.replace(".", "_")
