"""``python -m invoke_tui.cli``."""

from invoke_tui.cli.main import main

main()
