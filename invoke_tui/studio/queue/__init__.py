"""The leased queue: what is to be made, in which order, and what became of it."""
