"""The prompt language: ``parse`` reads any text, ``flatten`` says what is drawn, ``highlight`` what is shown.

``grammar`` holds the lexical patterns, ``reader`` the bracketed part of the grammar, ``parse`` the whole prompt,
``tree`` its nodes. ``tokens``, ``problems``, ``flatten`` and ``highlight`` are views of one tree. No torch.
"""
