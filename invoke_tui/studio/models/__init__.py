"""The installed models: the starter model, and diffusers folders found where models live."""
