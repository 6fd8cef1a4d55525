"""One file per kind of node; every module here is imported by the registry."""
