"""Measurements of what the studio promises, as ratios that hold on any machine. See README.md."""
