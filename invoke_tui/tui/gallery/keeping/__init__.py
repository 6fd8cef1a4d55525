"""Looking after the gallery's files: what they take, what is wrong with them, where they lie."""
