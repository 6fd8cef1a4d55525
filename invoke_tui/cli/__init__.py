"""The same verbs for scripts: every one prints for people on a terminal and JSON with ``--json``."""
