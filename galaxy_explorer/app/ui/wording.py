"""What is said of the parts of a page's address that cannot be read, and of other people's errors: in whole sentences."""

import re

LONGEST = 40  # letters of a part that are repeated


def ended(error: object) -> str:
    """Write an error's message as Markdown that a sentence can end with: as it is, with a full stop."""
    text = str(error).rstrip()
    return escaped(text if text.endswith((".", "!", "?", "…")) else f"{text}.")


def escaped(text: str) -> str:
    """Keep a text from elsewhere, such as an id, a file's name or a part of an address, from being taken for Markdown."""
    return re.sub(r"([\\`*_{}\[\]()#+!<>|$:~.&-])", r"\\\1", text).replace("\n", " ")


def cut(text: str) -> str:
    """Cut a text from an address down to what a sentence holds."""
    return text[:LONGEST] + "…" if len(text) > LONGEST else text


def galaxies_in_words(count: int) -> str:
    """Write a number of galaxies with the word: ``1 galaxy``, ``1,000 galaxies``."""
    return f"{count:,} {'galaxy' if count == 1 else 'galaxies'}"
