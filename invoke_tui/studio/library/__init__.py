"""What people name and keep: prompt templates and presets."""
