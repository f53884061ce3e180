"""State of what a visitor marks: hearts, collections and classes of one's own."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from galaxy_explorer.app.state.session import state_of

if TYPE_CHECKING:
    from galaxy_explorer.app.services.collections.collection import Collection, Collections


@dataclass
class CollectionsState:
    """The visitor's collections as the browser keeps them."""

    kept: "Collections | None" = None  # None until the browser has sent them, or something was marked
    loaded: bool = False  # whether the browser has sent them
    stored: bool = True  # whether the browser can store them
    outdated: bool = False  # whether the page shows earlier ones
    watched: bool = False  # whether the page that runs shows them
    undo: "list[tuple[str, Collections]]" = field(default_factory=list)  # changes in words, with what was before
    imported: str = ""  # a message about the last import, until the next change


def collections() -> CollectionsState:
    """Return the visitor's collections."""
    return state_of(CollectionsState)


class ClassRound(NamedTuple):
    """Galaxies that are offered to be judged, by a class learned from earlier marks."""

    source: str
    network: str
    learned_from: "Collection"
    galaxy_ids: tuple[str, ...]
    number: int = 1  # of the rounds for this class


@dataclass
class ClassifyState:
    """The round of “Find more like these”."""

    round: ClassRound | None = None
    skipped: list[str] = field(default_factory=list)  # galaxies that were offered for this class and not judged
    skipped_last: bool = False  # whether the last press was on "Skip"
    message: str = ""  # about the file opened last


def classify() -> ClassifyState:
    """Return the state of “Find more like these”."""
    return state_of(ClassifyState)
