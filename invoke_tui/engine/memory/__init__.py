"""What lives where: a plan in plain arithmetic, and the cache that carries it out."""
