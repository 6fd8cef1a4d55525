"""What models are, where they come from, and what each family wants."""
