"""The workers of a daemon: started, given items, watched, replaced when they die."""
