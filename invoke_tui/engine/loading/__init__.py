"""Components of models, from disk and nowhere else: diffusers folders, single files, quantised files.

Only safetensors and GGUF files are read as they are (a pickle can run code and is converted in a process of its own),
nothing is fetched, and no code that lies beside a model is run.
"""
