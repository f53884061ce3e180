"""The collections of the visitor whose page runs, and changes of them that can be undone."""

from collections.abc import Iterable
from dataclasses import replace

from galaxy_explorer.app import state
from galaxy_explorer.app.services.collections.collection import (
    Address,
    Collection,
    CollectionError,
    Collections,
    Mark,
    collections_from_plain,
)

MAX_UNDO = 30


def collections() -> Collections:
    """Return the visitor's collections; empty until the browser has sent them."""
    return state.collections().kept or Collections()


def receive(plain: object) -> bool:
    """Read what the browser keeps, unless it is older; return whether anything changed."""
    mine, before, sent = state.collections(), collections(), collections_from_plain(plain)
    first, mine.loaded = not mine.loaded, True
    if sent.revision < before.revision + (not first):
        return first
    if not first:
        mine.undo = [*mine.undo[1 - MAX_UNDO :], ("last heart", before)]
    mine.kept = sent
    return True


def watch() -> None:
    """Run the page again when the visitor marks a galaxy; Browse keeps its order instead."""
    state.collections().watched = True


def change(changed: Collections, words: str) -> None:
    """Replace the collections; the words name the change on the button that undoes it."""
    mine, before = state.collections(), collections()
    mine.undo = [*mine.undo[1 - MAX_UNDO :], (words, before)]
    mine.kept, mine.imported = replace(changed, revision=before.revision + 1), ""


def undo() -> None:
    """Undo the last change that was made on this page."""
    mine = state.collections()
    if mine.undo:
        _, before = mine.undo.pop()
        mine.kept, mine.imported = replace(before, revision=collections().revision + 1), ""


def last_change() -> str:
    """Return the words of the change that `undo` undoes; empty if there is none."""
    return state.collections().undo[-1][0] if state.collections().undo else ""


def mark(name: str, addresses: Iterable[Address], as_mark: Mark | None, words: str) -> str:
    """Mark galaxies in a collection; return why this cannot be, if it cannot."""
    mine = collections()
    try:
        change(mine.put(mine.get(name).marked(addresses, as_mark)), words)
    except CollectionError as error:
        return str(error)
    return ""


def add(found: Iterable[Collection], words: str) -> list[str]:
    """Add collections under names that are free; return these names.

    Raises
    ------
    CollectionError
        If they are too many.
    """
    mine, names = collections(), []
    for one in found:
        names.append(mine.free_name(one.name))
        mine = mine.put(replace(one, name=names[-1]))
    change(mine.choose(names[-1]) if names else mine, words)
    return names
