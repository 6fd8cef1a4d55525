"""Attention syntax of A1111 turned into InvokeAI's and back."""
