"""The parts screens are made of. They own no I/O."""
