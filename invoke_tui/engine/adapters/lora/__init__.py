"""LoRA files of every dialect, and their application.

``keys`` tells which tensors of a file belong to one changed layer, ``patches`` what they do to its weight, ``names``
which layer of the model that is, ``file`` puts the three together. ``overlay`` lays the result onto a loaded component.
"""
