"""A sentence such as "barred spirals with two loose arms, face-on" as filters on votes."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from galaxy_explorer.decision_tree.sentence.clauses import ClauseReader
from galaxy_explorer.decision_tree.sentence.conditions import Condition, conditions_of, contradictions, merged
from galaxy_explorer.decision_tree.sentence.joining import groups_of
from galaxy_explorer.decision_tree.sentence.tokens import Token, tokens_of
from galaxy_explorer.decision_tree.sentence.vocabulary import vocabulary

MAX_LENGTH = 400  # characters of a sentence
MAX_LISTED = 5  # unknown words in a message


@dataclass(frozen=True)
class Sentence:
    """Filters that a sentence stands for, and messages about what it does not.

    Parameters
    ----------
    conditions : tuple of Condition
        Galaxies must match all of them.
    min_asked : float or None
        Fraction of the votes that must reach a question, in [0, 1], if the sentence states it.
    messages : tuple of str
        Sentences without markup: unknown words, parts that are left out, contradictions, and how words are read.
    unknown : tuple of str
        Words that are not in the vocabulary, as typed in lower case.
    corrected : str
        The text with the most similar known words instead of unknown ones; empty if there are none.
    """

    conditions: tuple[Condition, ...] = ()
    min_asked: float | None = None
    messages: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    corrected: str = ""


def parse_sentence(text: str) -> Sentence:
    """Parse a sentence over the questions of the tree.

    Words that are not in the vocabulary change nothing and are named.

    Parameters
    ----------
    text : str
        At most `MAX_LENGTH` characters, in any case.

    Returns
    -------
    Sentence
    """
    if len(text) > MAX_LENGTH:
        return Sentence(
            messages=(f"The text has {len(text):,} characters; at most {MAX_LENGTH} are read. Shorten it.",)
        )
    reading = ClauseReader(tokens_of(text)).read()
    groups, unjoined = groups_of(reading.clauses)
    found, empty = conditions_of(groups)
    worded, excluded = merged(found)
    unknown = [token for token in reading.unknown if token.meaning.kind == "unknown"]
    corrections = {token.text: word for token in unknown if (word := vocabulary().suggestion(token.text))}
    messages = [
        *_about_unknown(unknown, corrections),
        *dict.fromkeys(_about_not_asked(token) for token in reading.unknown if token.meaning.hint),
        *reading.problems,
        *unjoined,
        *empty,
        *excluded,
        *contradictions(worded),
        *reading.notes,
    ]
    return Sentence(
        tuple(found.condition for found in worded),
        reading.min_asked,
        tuple(messages),
        tuple(dict.fromkeys(token.text for token in unknown)),
        _corrected(text, corrections),
    )


def _about_unknown(unknown: Sequence[Token], corrections: dict[str, str]) -> list[str]:
    """Return one message about all unknown words."""
    words = list(dict.fromkeys(token.text for token in unknown))
    if not words:
        return []
    named = [
        f"“{word}”" + (f" (did you mean “{corrections[word]}”?)" if word in corrections else "")
        for word in words[:MAX_LISTED]
    ]
    more = f" and {len(words) - MAX_LISTED} more" if words[MAX_LISTED:] else ""
    verb = "is" if len(words) == 1 else "are"
    return [
        f"{', '.join(named)}{more} {verb} left out: the questions know words such as smooth, edge-on, bar, arms, ring."
    ]


def _about_not_asked(token: Token) -> str:
    """Return a message about a word of astronomy that no question asks."""
    return f"“{token.text}” is left out: {token.meaning.hint}."


def _corrected(text: str, corrections: dict[str, str]) -> str:
    """Return a text with corrections instead of unknown words."""
    if not corrections:
        return ""
    words = "|".join(re.escape(word) for word in corrections)
    return re.sub(rf"\b(?:{words})\b", lambda match: corrections[match[0].casefold()], text, flags=re.IGNORECASE)
