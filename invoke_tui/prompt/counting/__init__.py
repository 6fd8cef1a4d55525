"""How many tokens a prompt is to a text encoder, chunk by chunk, without loading the encoder.

``clip`` has CLIP's standard word list, ``build`` makes a tokenizer of a definition, ``tokens`` cuts a prompt and finds
the characters behind each token, ``chunks`` splits long prompts as compel does, and ``counter`` puts it together:
``counters_of(definitions)`` and ``TokenCounter.count``. What the encoders are told of a prompt is ``prompt.heard``.
"""
