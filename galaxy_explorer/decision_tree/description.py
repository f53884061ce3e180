"""Words for one galaxy: a caption, a short description, and a sentence with all shares."""

import numpy as np

from galaxy_explorer.decision_tree.path import most_likely_path
from galaxy_explorer.decision_tree.table import ANSWER_OF, QUESTION_OF

UNKNOWN = "No votes are known for this galaxy"

_NOT_A_GALAXY = "Class1.3"
_SMOOTH, _FEATURES = "Class1.1", "Class1.2"
_EDGE_ON, _BAR, _SPIRAL, _NO_SPIRAL = "Class2.1", "Class3.1", "Class4.1", "Class4.2"
_MERGER, _IRREGULAR, _DISTURBED = "Class8.6", "Class8.4", "Class8.3"

_SHAPES = {"Class7.1": "round", "Class7.2": "oval", "Class7.3": "cigar-shaped"}
_BULGES_EDGE_ON = {"Class9.1": "rounded bulge", "Class9.2": "boxy bulge", "Class9.3": "no bulge"}
_WINDINGS = {"Class10.1": "tight ", "Class10.3": "loose "}
_COUNTS = {"Class11.1": "one", "Class11.2": "two", "Class11.3": "three", "Class11.4": "four", "Class11.5": "many"}
_ODD_FEATURES = {
    "Class8.1": "with a ring",
    "Class8.2": "with a lens or arc",
    "Class8.3": "disturbed",
    "Class8.4": "irregular",
    "Class8.5": "with something odd",
    "Class8.6": "merging",
    "Class8.7": "with a dust lane",
}


def short_description(fractions: np.ndarray) -> str:
    """Describe the likeliest path of one galaxy in at most 15 words, without shares.

    Parameters
    ----------
    fractions : (37,) np.ndarray
        As in `most_likely_path`.

    Returns
    -------
    str
        For example "Spiral galaxy with two arms, no bar, small bulge", without a full stop.
    """
    path = [column for column, _ in most_likely_path(fractions)]
    if not path:
        return UNKNOWN
    if _NOT_A_GALAXY in path:
        return "Star or artifact, not a galaxy"
    parts = [_kind_and_parts(path), *(_ODD_FEATURES[column] for column in path if column in _ODD_FEATURES)]
    return ", ".join(parts)


def _kind_and_parts(path: list[str]) -> str:
    """Describe shape, arms, bar and bulge of a path."""
    if _SMOOTH in path:
        return ", ".join(["Smooth", *_words(_SHAPES, path)]) + " galaxy"
    if _EDGE_ON in path:
        return " with ".join(["Edge-on disk", *_words(_BULGES_EDGE_ON, path)]).replace("with no", "without a")
    if _FEATURES not in path:
        return "Galaxy"
    barred = _BAR in path
    arms = [f"with {words}" for words in _arms(path)] if _SPIRAL in path else ["without arms"] * (_NO_SPIRAL in path)
    kind = "spiral" if _SPIRAL in path else "disk"
    start = " ".join([f"Barred {kind} galaxy" if barred else f"{kind} galaxy".capitalize(), *arms])
    return ", ".join([start, *(ANSWER_OF[column].label for column in path if _is_part(column))])


def _is_part(column: str) -> bool:
    """Return whether an answer is listed after the arms: no bar, and the size of the bulge."""
    number = QUESTION_OF[column].number
    return number == 5 or (number == 3 and column != _BAR)


def _arms(path: list[str]) -> list[str]:
    """Describe winding and number of the arms: ``two tight arms``; empty if neither is known."""
    winding, count = "".join(_words(_WINDINGS, path)), _words(_COUNTS, path)
    if not (winding or count):
        return []
    noun = "arm" if count == ["one"] else "arms"
    return [" ".join([*count, f"{winding}{noun}"])]


def _words(table: dict[str, str], path: list[str]) -> list[str]:
    """Return a table's words for the answers on a path."""
    return [table[column] for column in path if column in table]


def kind_of(fractions: np.ndarray) -> str:
    """Return the kind of one galaxy in a few words, for a caption.

    Parameters
    ----------
    fractions : (37,) np.ndarray
        As in `most_likely_path`.

    Returns
    -------
    str
        For example "barred spiral", "smooth, oval", "edge-on disk" or "merger"; empty if nothing is known.
    """
    path = [column for column, _ in most_likely_path(fractions)]
    if not path or _NOT_A_GALAXY in path:
        return "star or artifact" if path else ""
    if _MERGER in path:
        return "merger"
    if _IRREGULAR in path:
        return "irregular"
    if _SMOOTH in path:
        shapes = _words(_SHAPES, path)
        kind = "cigar-shaped" if shapes == ["cigar-shaped"] else ", ".join(["smooth", *shapes])
    elif _EDGE_ON in path:
        kind = "edge-on disk"
    elif _FEATURES in path:
        kind = "barred " * (_BAR in path) + ("spiral" if _SPIRAL in path else "disk")
    else:
        kind = "galaxy"
    if _DISTURBED in path:
        return f"disturbed {kind}" if "," not in kind else f"{kind}, disturbed"
    feature = [_ODD_FEATURES[column] for column in path if column in ("Class8.1", "Class8.2", "Class8.7")]
    return " ".join([kind, *feature])


def in_words(fractions: np.ndarray) -> str:
    """Describe the likeliest path of one galaxy in one English sentence, with its shares.

    Parameters
    ----------
    fractions : (37,) np.ndarray
        As in `most_likely_path`.

    Returns
    -------
    str
        For example "Most likely a smooth galaxy (77 %), completely round (97 %), and with nothing odd
        about it (100 %)."
    """
    clauses = []
    for name, share in most_likely_path(fractions):
        number, phrase = QUESTION_OF[name].number, ANSWER_OF[name].phrase
        clauses.append(_LINKS.get(number, "") + f"{phrase} ({100 * share:.0f}\u00a0%)")
    if not clauses:
        return f"{UNKNOWN}."
    return "Most likely " + ", ".join(clauses).removeprefix("and ") + "."


# How the clause of a question joins the sentence before it.
_LINKS = {5: "with ", 6: "and with ", 8: "namely ", 9: "with ", 10: "which are ", 11: "and "}
