"""Nicknames of pupils: what is stored of them, and how they appear in tables."""

import unicodedata

from galaxy_explorer.votes import FORMULA

LONGEST_NICKNAME = 20


def clean_nickname(typed: str) -> str:
    """Return a nickname in one line, without control characters or the start of a formula.

    Raises
    ------
    ValueError
        If nothing is left, or it is too long.
    """
    kept = unicodedata.normalize("NFC", " ".join(typed.split()))
    kept = "".join(letter for letter in kept if unicodedata.category(letter)[0] != "C").lstrip(f"{FORMULA} ").rstrip()
    if not any(unicodedata.category(letter)[0] in "LNS" for letter in kept):
        raise ValueError("A nickname needs a letter or a digit. Type one; it need not be your name.")
    if len(kept) > LONGEST_NICKNAME:
        raise ValueError(
            f"The nickname has {len(kept)} characters; at most {LONGEST_NICKNAME} fit. Choose a shorter one."
        )
    return kept


def key_of(nickname: str) -> str:
    """Return what two equal nicknames have in common, whatever their capitals."""
    return unicodedata.normalize("NFKC", nickname).casefold()
