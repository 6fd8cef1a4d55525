"""Budgets, streaming and the out-of-memory ladder, on a device whose every byte is counted."""
