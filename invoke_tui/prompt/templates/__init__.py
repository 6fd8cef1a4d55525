"""Prompt templates: putting a prompt into one, reading and writing the files others keep them in, our default set."""
