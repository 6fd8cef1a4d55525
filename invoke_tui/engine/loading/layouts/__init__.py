"""How single files lay out a model: which tensors belong to a component, what they are called, how big it is.

Model files carry no configuration. Everything a component is built from follows from the shapes of its tensors and the
conventions of its family, so a checkpoint of any size loads without a network and without a folder of guesses.
"""
