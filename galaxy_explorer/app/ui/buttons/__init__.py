"""Buttons that work in the browser: to copy a text, and to mark a galaxy."""
