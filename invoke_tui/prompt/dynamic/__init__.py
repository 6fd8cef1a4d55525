"""Dynamic prompts: one text that stands for many, expanded by the library ``dynamicprompts`` within bounds.

``scan`` checks a text in one pass and says where what is wrong, so that the library's parser only meets what it can
read; ``measure`` counts what the text stands for before anything of it is made; ``samplers`` make it, bounded;
``wildcards`` reads the files behind ``__name__``; ``expand`` is the way in. The library is imported when a text with
dynamic syntax is met, never before.
"""
