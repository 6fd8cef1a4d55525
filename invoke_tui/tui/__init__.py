"""The terminal studio: app, screens, widgets, and pictures in a terminal."""
