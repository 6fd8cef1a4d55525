"""What a picture says it was made with: prompts and settings, whichever program wrote them.

``chunks`` takes the texts out of a PNG, JPEG or WebP without decoding a pixel; ``programs``, ``infotext`` and
``comfyui`` read what the programs put there; ``read`` tries them in order. Everything becomes InvokeAI's metadata.
Files are from anywhere: each step is bounded, and what is broken is a note beside what could be read.
"""
