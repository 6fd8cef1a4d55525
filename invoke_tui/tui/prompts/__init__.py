"""Everything about the prompt on screen: its editor, what is shown below it, and the tools that work on it."""
