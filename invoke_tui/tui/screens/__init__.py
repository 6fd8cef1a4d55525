"""One screen, one file, with its style sheet in ``styles/``."""
