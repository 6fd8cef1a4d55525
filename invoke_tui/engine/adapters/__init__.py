"""What is put onto a model for one run and taken off again: LoRAs on its weights, embeddings on its vocabulary."""
