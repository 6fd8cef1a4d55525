"""The prompt language: ``parse`` reads any text, ``flatten`` says what is drawn, ``highlight`` what is shown.

``grammar`` holds the lexical patterns; ``reader`` reads words, groups and swaps, ``join`` blends and
conjunctions, ``parse`` the whole prompt, all into the nodes of ``tree``. ``tokens``, ``problems``, ``flatten``
and ``highlight`` are views of that one tree.
"""
