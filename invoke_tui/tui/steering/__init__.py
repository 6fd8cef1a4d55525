"""Parts of the form that are lists: control pictures, reference pictures, regions."""
