"""The process around the engine: run a graph, report, obey cancel. ``python -m invoke_tui.worker`` starts it."""
