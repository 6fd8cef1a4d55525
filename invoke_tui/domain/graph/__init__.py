"""Graphs as data, and the values that flow along their edges."""
