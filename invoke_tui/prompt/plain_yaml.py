"""YAML from outside: plain values, no aliases, no tags that make objects."""

from __future__ import annotations

from typing import Any


def load_plain(text: str) -> Any:
    """Read a document; raises ``ValueError`` with the reason, whatever stands in it."""
    import yaml

    class Plain(yaml.SafeLoader):
        """No aliases: they let a page of text stand for gigabytes, or for itself."""

        def compose_node(self, parent: Any, index: Any) -> Any:
            if self.check_event(yaml.events.AliasEvent):
                raise ValueError("has YAML aliases, which are not read")
            return super().compose_node(parent, index)

    try:
        return yaml.load(text, Plain)
    except yaml.YAMLError as error:
        raise ValueError(f"is not YAML: {error}") from error
    except RecursionError as error:
        raise ValueError("is nested too deep") from error
