"""Texts from elsewhere, such as ids and error messages, as Markdown; counts with their noun."""

import re

MAX_LETTERS = 40  # of a URL parameter in a message


def with_full_stop(error: object) -> str:
    """Return an error's message as Markdown that ends a sentence."""
    text = str(error).rstrip()
    return escape_markdown(text if text.endswith((".", "!", "?", "…")) else f"{text}.")


def as_sentence(message: object) -> str:
    """Return an error's message as a sentence in Markdown."""
    text = with_full_stop(message)
    return text[0].upper() + text[1:]


def escape_markdown(text: str) -> str:
    """Escape a text from elsewhere, such as an id, a file name or a URL parameter."""
    return re.sub(r"([\\`*_{}\[\]()#+!<>|$:~.&-])", r"\\\1", text).replace("\n", " ")


def cut(text: str) -> str:
    """Shorten a text for use in a sentence."""
    return text[:MAX_LETTERS] + "…" if len(text) > MAX_LETTERS else text


def galaxies_in_words(count: int, kind: str = "") -> str:
    """Return a number of galaxies with its noun: ``1 galaxy``, ``400 simulated galaxies``."""
    return f"{count:,} {kind}{'galaxy' if count == 1 else 'galaxies'}"


def listed(texts: list[str], last: str = "and") -> str:
    """Join texts as an English list: ``a, b and c``."""
    return f" {last} ".join(filter(None, [", ".join(texts[:-1]), *texts[-1:]]))
