"""The pictures: files that are whole or absent, rows that never name a missing one, thumbnails made when asked for."""
