"""Galaxy Explorer: what a network believes Galaxy Zoo's volunteers would answer about a galaxy."""

__version__ = "0.1.0"
