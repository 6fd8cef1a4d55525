"""Picture files: what stands in them, and decoding them within bounds."""
