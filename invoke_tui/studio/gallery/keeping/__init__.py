"""Looking after the gallery's files.

``folder`` walks them, ``adopting`` takes in a file without a row, ``remembered`` reads a backup, ``rebuilding`` fills
an empty database, ``checks`` finds what is wrong and ``repairs`` mends it, ``arranging`` moves files within the folder,
``moving`` the folder itself, ``space`` says what is taken, ``service`` does one of them at a time, and ``works``
lets it go on alone.
"""
