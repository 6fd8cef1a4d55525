from pathlib import Path

from invoke_tui.config.reference import reference

PAGE = Path(__file__).parent.parent.parent / "docs/configuration.md"


def test_the_page_is_in_step_with_the_program() -> None:
    assert PAGE.read_text() == reference(), "python -m invoke_tui.config.reference > docs/configuration.md"
