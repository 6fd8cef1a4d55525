"""What a person asks for: every setting, its bounds, and what follows from it."""
