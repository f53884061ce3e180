"""Session state of one visitor: every key of `st.session_state`, typed, in one place.

Values that a page keeps lie in one dataclass per page, such as `BrowseState`. Values of widgets lie under the widget's
own key: these keys are the constants of `Key`. No other module touches `st.session_state`; a test reads the source.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import streamlit as st

if TYPE_CHECKING:
    from galaxy_explorer.app.services.selection import Selection

State = TypeVar("State")


class Key(StrEnum):
    """Keys of the widgets that have a value."""

    # Browse, Galaxy, panel, About, and widgets of several pages.
    SOURCE = "source_choice"
    VOTES = "choose_votes"
    PRESET = "ready_made"
    SEARCH = "search"
    NEW_ANSWER = "new_answer"
    NEW_MEASURE = "new_measure"
    NEW_BOUNDS = "new_bounds"
    ASKED = "asked"
    SORT = "sort_by"
    ORDER = "order"
    SEED = "seed"
    MEASURE = "measure"
    AGAINST = "against"
    PAGES_ABOVE = "pages_above"
    PAGES_BELOW = "pages_below"
    GO_TO_PAGE = "go_to_page"
    NETWORK = "network"
    ANSWER = "answer"
    CHART = "chart"
    ANSWER_LIST = "list"
    CHART_SOURCES = "sources_shown"
    CHART_FILE = "chart_file"
    SIDE_BY_SIDE = "side_by_side"
    DIRECTION = "direction"
    OPACITY = "opacity"
    METHOD = "method"
    COMMON_SCALE = "common_scale"
    OTHER_NETWORKS = "ask_others"
    QUESTION = "question"
    THEME = "turned_theme"

    # Upload, Sky, Compare.


# Browse, Galaxy, panel, About, and what several pages share.


@dataclass
class SharedState:
    """Values that several pages read or write."""

    current_page: str | None = None  # its URL path
    arrived: bool = False  # whether the visitor has just come from another page
    source: str = ""  # the source opened last
    vote_kind: str = ""  # empty: the catalogue's default
    live_draw: str = ""  # this visitor's latest draw of live galaxies
    selection: "Selection | None" = None  # of Browse
    warned_url: tuple[str | None, str] | None = None  # the URL whose parameters were warned of


@dataclass
class BrowseState:
    """Values that Browse keeps between runs."""

    url_params: dict[str, str | list[str]] = field(default_factory=dict)  # of the view shown last
    answer_missing: bool = False  # "Add filter" was pressed without an answer


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
    arrival_networks: dict[GalaxyUrl, str] = field(default_factory=dict)  # shown first at URLs that name no network


@dataclass
class PanelState:
    """Values that the panel keeps between runs."""

    answer_of: str = ""  # the galaxy for which the answer was chosen
    requested_answer: str | None = None  # by the URL, for the galaxy shown next


def shared() -> SharedState:
    """Return what several pages share."""
    return _state_of(SharedState)


def browse() -> BrowseState:
    """Return the state of Browse."""
    return _state_of(BrowseState)


def galaxy() -> GalaxyState:
    """Return the state of the galaxy page."""
    return _state_of(GalaxyState)


def panel() -> PanelState:
    """Return the state of the panel."""
    return _state_of(PanelState)


def enter(page: str) -> None:
    """Record the page that runs, and whether the visitor comes from another one."""
    known = shared()
    known.arrived = page != known.current_page
    known.current_page = page


# Upload, Sky, Compare.


def _state_of(kind: type[State]) -> State:
    """Return this visitor's state of a page; created on first use."""
    return st.session_state.setdefault(kind.__name__, kind())


def widget(key: str, default: Any = None) -> Any:
    """Return the value of a widget, or the default before it is drawn."""
    return st.session_state.get(key, default)


def set_widget(key: str, value: Any) -> None:
    """Set the value of a widget; only before it is drawn in this run or in a callback."""
    st.session_state[key] = value


def clear_widget(key: str) -> Any:
    """Remove the value of a widget and return it; None if it has none."""
    return st.session_state.pop(key, None)
