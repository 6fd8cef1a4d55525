"""Pictures that lie elsewhere come into the gallery: files, folders, other programs' folders, InvokeAI's roots.

``sources`` says what there is to take, ``invokeai`` what its database knows, ``looking`` reads one file, ``placing``
finds and makes boards, ``journal`` says after a crash what was at work, ``run`` is one import, ``service`` all.
"""
