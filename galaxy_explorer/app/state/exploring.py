"""State of Browse, Map, the galaxy page, the panel and Compare, and what all pages share."""

from collections.abc import Hashable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from galaxy_explorer.app.state.pictures import Crop
from galaxy_explorer.app.state.session import state_of

if TYPE_CHECKING:
    from galaxy_explorer.app.services.places import Places
    from galaxy_explorer.app.services.selection import Selection


@dataclass
class SharedState:
    """Values that several pages read or write."""

    current_page: str | None = None  # its URL path
    arrived: bool = False  # whether the visitor has just come from another page
    source: str = ""  # the source opened last
    vote_kind: str = ""  # empty: the catalogue's default
    opened_folders: set[str] = field(default_factory=set)  # sources that this visitor typed in
    live_draw: str = ""  # this visitor's latest draw of live galaxies
    selection: "Selection | None" = None  # of Browse
    warned_url: tuple[str | None, str] | None = None  # the URL whose parameters were warned of
    missing_path: str = ""  # the last path that was requested and that no page has
    may_open_paths: bool = False  # whether the visitor came by the secret link


def shared() -> SharedState:
    """Return what several pages share."""
    return state_of(SharedState)


def enter(page: str) -> None:
    """Record the page that runs, and whether the visitor comes from another one."""
    known = shared()
    known.arrived = page != known.current_page
    known.current_page = page


class ReadSentence(NamedTuple):
    """A text of the search field that was read as a sentence."""

    text: str
    query: Hashable  # what it determines in the query; the text is shown while that holds
    messages: tuple[str, ...] = ()
    corrected: str = ""
    understood: bool = True


@dataclass
class BrowseState:
    """Values that Browse keeps between runs."""

    url_params: dict[str, str | list[str]] = field(default_factory=dict)  # of the view shown last, on Map as well
    on_map: bool = False  # whether Map showed it
    answer_missing: bool = False  # "Add filter" was pressed without an answer
    sentence: ReadSentence | None = None  # searched for last


def browse() -> BrowseState:
    """Return the state of Browse."""
    return state_of(BrowseState)


@dataclass
class MapState:
    """What the map's component has sent, until the page answers it, and the visitor's choice."""

    wish: dict[str, Any] = field(default_factory=dict)  # pictures
    opened: tuple[str, int] | None = None  # galaxy that was pressed: key of the points, its number among them
    sent: "dict[tuple[str, str], Places]" = field(default_factory=dict)  # last places, by source and key of the points
    redraw: bool = False  # whether a shape was drawn or removed
    network: str = ""  # whose map is shown; empty: the first


def galaxy_map() -> MapState:
    """Return the state of Map."""
    return state_of(MapState)


class GalaxyUrl(NamedTuple):
    """URL parameters that the galaxy page reads, apart from the source and the votes."""

    galaxy: str | None
    network: str | None
    answer: str | None


@dataclass
class GalaxyState:
    """Values that the galaxy page keeps between runs."""

    galaxy_id: str = ""  # requested last; it may not be drawn yet
    url: GalaxyUrl | None = None  # as last read or written; None on arrival from another page
    crops: dict[tuple[str, str], Crop] = field(default_factory=dict)  # by source and id; else that of find_galaxy


def galaxy() -> GalaxyState:
    """Return the state of the galaxy page."""
    return state_of(GalaxyState)


@dataclass
class PanelState:
    """Values that the panel keeps between runs."""

    answer_of: str = ""  # the galaxy for which the answer was chosen
    requested_answer: str | None = None  # by the URL, for the galaxy shown next
    asked_answer: str | None = None  # chosen by the visitor or the URL
    own_answer: str = ""  # chosen by the page itself
    opened: set[int] = field(default_factory=set)  # questions that few votes reach, opened for this galaxy
    similar_source: str = ""  # chosen to find similar galaxies in


def panel() -> PanelState:
    """Return the state of the panel."""
    return state_of(PanelState)


@dataclass
class CompareState:
    """External tables by network, and the number of galaxies that each gallery shows."""

    tables: dict[str, Path] = field(default_factory=dict)
    shown: dict[str, int] = field(default_factory=dict)


def compare() -> CompareState:
    """Return the state of Compare."""
    return state_of(CompareState)
