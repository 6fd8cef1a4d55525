"""Giving pictures away: a folder, a zip, contact sheet or page of them, with what they were made with or without."""
