"""The controls of Browse: presets, all others in a drop-down, active filters as chips.

The URL alone holds the query. Each control shows what the URL says, and a change writes a new URL.
"""

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import streamlit as st

from galaxy_explorer.app import state
from galaxy_explorer.app.browse.filters.ood import IN_DISTRIBUTION, MAX_SHOWN, OUT_OF_DISTRIBUTION, OodRange
from galaxy_explorer.app.browse.matching import Matches
from galaxy_explorer.app.browse.presets import preset_of, presets_of
from galaxy_explorer.app.browse.query import (
    AGAINST_VOLUNTEERS,
    AT_RANDOM,
    BETWEEN_NETWORKS,
    BY_ID,
    MAX_SEED,
    SORTS,
    BrowseQuery,
    query_from_url,
)
from galaxy_explorer.app.services import sources
from galaxy_explorer.app.services.networks import label
from galaxy_explorer.app.state import Key
from galaxy_explorer.app.ui import vote_kind
from galaxy_explorer.app.ui.wording import escape_markdown
from galaxy_explorer.catalogue import Catalogue, VoteRange
from galaxy_explorer.decision_tree import COLUMNS, QUESTION_OF, label_of

SHARE, FRACTION = "share", "vote fraction"
HIGHEST, LOWEST = "highest first", "lowest first"
CLOSE = ":material/close:"
CLOSING = Path(__file__).with_name("closing.html")
MEASURE_HELP = (
    "An answer share counts only the volunteers who were asked the question. A vote fraction is the share multiplied "
    "by the fraction of all votes that reached the question."
)
ASKED_HELP = (
    "Few volunteers are asked every question. If almost none were, a share means little: “two arms” by two of three "
    "votes is chance. Galaxies below this bound do not match a filter on a share, and come last in a sort by one."
)
OOD_HELP = (
    "The out-of-distribution score tells how far a picture differs from the training pictures. Above 1 it differs more "
    "than 99 % of galaxies do: look at it before you use its prediction. Galaxies without a prediction do not match."
)
FLAGS = {"yes": OUT_OF_DISTRIBUTION, "no": IN_DISTRIBUTION}
SEARCH_HELP = "One or more ids or parts of ids, separated by commas or spaces; complete ids come first."
SEED_HELP = "The same seed gives the same order, for everyone."
SORT_NAMES = {
    BY_ID: "galaxy id",
    AT_RANDOM: "random",
    AGAINST_VOLUNTEERS: "network vs volunteers",
    BETWEEN_NETWORKS: "network vs network",
}


def read_url() -> tuple[BrowseQuery, list[str]]:
    """Read the query from the URL, with a message for each parameter that is ignored."""
    return query_from_url({name: st.query_params.get_all(name) for name in st.query_params})


def write_url(query: BrowseQuery) -> None:
    """Write a query into the URL; as a callback, the page shows it at once."""
    source = sources.current_source()
    votes = sources.vote_params(sources.catalogue(source))
    st.query_params.from_dict({"source": source, **query.url_params(), **votes})


def _bound(key: Key, value: Any, query: BrowseQuery, changes: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
    """Return the key of a widget bound to the query, and a callback that writes its changes."""
    state.set_widget(key, value)
    return {"key": key, "on_change": lambda: write_url(replace(query, **({"page": 1} | changes(state.widget(key)))))}


def show_controls(catalogue: Catalogue, query: BrowseQuery, matches: Matches) -> None:
    """Draw the row of controls: presets, and a drop-down with all others."""
    has_votes = bool(catalogue.votes.known.any())
    with st.container(horizontal=True, wrap=False, vertical_alignment="center", key="controls"):
        _choose_preset(catalogue, query)
        # Not a popover: closed, it would hold outdated values of widgets and send them with the next action.
        with st.expander("Search, filter, sort", icon=":material/tune:", key="all_controls"):
            chosen, new = st.columns(2, gap="large")
            with chosen:
                _search(query)
                _sort(query, has_votes)
                _sort_details(query, matches)
                vote_kind.choose_votes(catalogue)
            with new:
                if has_votes:
                    _new_filter(query)
                    _min_asked(query)
                _ood(query)
        with st.container(key="closing"):
            st.html(CLOSING, unsafe_allow_javascript=True)


def _choose_preset(catalogue: Catalogue, query: BrowseQuery) -> None:
    """Draw the presets that match galaxies; a second click on the chosen one removes it."""
    by_name = {preset.name: preset for preset in presets_of(catalogue)}
    if not by_name:
        return
    chosen = preset_of(query)
    state.set_widget(Key.PRESET, chosen.name if chosen and chosen.name in by_name else None)

    def change() -> None:
        preset = by_name.get(state.widget(Key.PRESET))
        write_url(preset.query if preset else BrowseQuery())

    st.pills("Presets", list(by_name), key=Key.PRESET, on_change=change, label_visibility="collapsed", wrap=False)


def show_chips(query: BrowseQuery) -> None:
    """Draw each condition, and a sort order other than by id, as a chip that removes it."""
    chips, preset = query.relaxations(), preset_of(query)
    if not chips and query.sort == BY_ID:
        return
    with st.container(horizontal=True, vertical_alignment="center", key="chips"):
        for number, (words, without) in enumerate(chips):
            action: dict[str, Any] = {"key": f"chip_{number}", "on_click": write_url, "args": (without,)}
            st.button(escape_markdown(words), icon=CLOSE, icon_position="right", wrap=True, **action)
        if query.sort != BY_ID and not preset:
            unsorted = replace(query, sort=BY_ID, as_share=True, ascending=None, page=1)
            words = SORT_NAMES.get(query.sort) or label_of(query.sort)
            chip: dict[str, Any] = {"key": "sort_chip", "on_click": write_url, "args": (unsorted,)}
            st.button(
                f"sorted by {words}" if query.sort != AT_RANDOM else "random order",
                icon=CLOSE,
                icon_position="right",
                wrap=True,
                **chip,
            )
        if len(chips) > 1:
            bare = BrowseQuery(sort=query.sort, as_share=query.as_share, ascending=query.ascending, seed=query.seed)
            st.button("Clear all filters", key="clear_all", on_click=write_url, args=(bare,), type="tertiary")
        if preset:
            st.caption(preset.reason)


def _search(query: BrowseQuery) -> None:
    """Draw the search by id."""
    bound = _bound(Key.SEARCH, query.search, query, lambda text: {"search": text.strip()})
    st.text_input("Galaxy ids", placeholder="100008, 100023", help=SEARCH_HELP, **bound)


def _new_filter(query: BrowseQuery) -> None:
    """Draw the form of a filter on any answer."""

    def add() -> None:
        low, high = state.widget(Key.NEW_BOUNDS)
        if column := state.widget(Key.NEW_ANSWER):
            as_share = state.widget(Key.NEW_MEASURE) == SHARE
            write_url(query.with_range(VoteRange(column, low / 100, high / 100, as_share)))
        else:
            state.browse().answer_missing = True

    with st.form("new_filter", border=False):
        st.selectbox(
            "Filter by answer", COLUMNS, index=None, format_func=_label, key=Key.NEW_ANSWER, placeholder="Choose one"
        )
        st.segmented_control(
            "Measure", [SHARE, FRACTION], default=SHARE, required=True, key=Key.NEW_MEASURE, help=MEASURE_HELP
        )
        st.slider("Range (%)", 0, 100, (50, 100), key=Key.NEW_BOUNDS)
        st.form_submit_button("Add filter", icon=":material/add:", on_click=add)
    if state.browse().answer_missing:
        st.warning("Choose an answer first.", icon=":material/arrow_upward:")
        state.browse().answer_missing = False


def _min_asked(query: BrowseQuery) -> None:
    """Draw the bound on the votes that must reach a question."""
    bound = _bound(Key.ASKED, query.min_asked, query, lambda percent: {"min_asked": percent})
    st.slider("Minimum fraction of votes reaching the question (%)", 0, 100, help=ASKED_HELP, **bound)


def _ood(query: BrowseQuery) -> None:
    """Draw the filters by the flag and by the score of out-of-distribution pictures."""

    def flagged(flag: str | None) -> dict[str, Any]:
        return {"ood": FLAGS.get(flag or "")}

    def scored(bounds: tuple[float, float]) -> dict[str, Any]:
        low, high = bounds
        if low >= high or bounds == (0.0, MAX_SHOWN):
            return {"ood": OodRange(low) if low else None}
        return {"ood": OodRange(low, high if high < MAX_SHOWN else math.inf)}

    flag = next((name for name, wanted in FLAGS.items() if wanted == query.ood), None)
    st.segmented_control(
        "Out of distribution", list(FLAGS), help=OOD_HELP, **_bound(Key.OOD_FLAG, flag, query, flagged)
    )
    low, high = (
        min(bound, MAX_SHOWN) for bound in ((query.ood.low, query.ood.high) if query.ood else (0.0, MAX_SHOWN))
    )
    bound = _bound(Key.OOD_SCORE, (low, high), query, scored)
    st.slider(f"Out-of-distribution score ({MAX_SHOWN:g}: no upper bound)", 0.0, MAX_SHOWN, step=0.05, **bound)


def _sort(query: BrowseQuery, has_votes: bool) -> None:
    """Draw the sort order and its direction."""
    options = [*SORTS, *COLUMNS] if has_votes else [BY_ID, AT_RANDOM, BETWEEN_NETWORKS]
    options += [] if query.sort in options else [query.sort]
    bound = _bound(Key.SORT, query.sort, query, lambda sort: {"sort": sort, "ascending": None})
    st.selectbox("Sort order", options, format_func=_label, **bound)
    if query.sort != AT_RANDOM:
        shown = HIGHEST if query.descending else LOWEST
        bound = _bound(Key.ORDER, shown, query, lambda order: {"ascending": order == LOWEST})
        st.selectbox("Direction", [HIGHEST, LOWEST], **bound)


def _sort_details(query: BrowseQuery, matches: Matches) -> None:
    """Draw what only some sort orders have: a seed, a measure, a network."""
    if query.sort == AT_RANDOM:
        bound = _bound(Key.SEED, query.seed, query, lambda seed: {"seed": int(seed)})
        st.number_input("Seed", 0, MAX_SEED, help=SEED_HELP, **bound)
    elif query.sort in COLUMNS:
        shown = SHARE if query.as_share else FRACTION
        bound = _bound(Key.MEASURE, shown, query, lambda measure: {"as_share": measure == SHARE})
        st.segmented_control("Measure", [SHARE, FRACTION], required=True, help=MEASURE_HELP, **bound)
    names, network = matches.networks, matches.network
    if not network and matches.ood:
        names, network = matches.ood.networks, matches.ood.network
    if network and len(names) > 1:
        bound = _bound(Key.AGAINST, network, query, lambda network: {"network": network})
        st.segmented_control("Network", names, required=True, format_func=label, **bound)


def _label(choice: str) -> str:
    """Return the label of an answer, with its question's number, or of another sort order."""
    return SORT_NAMES[choice] if choice in SORT_NAMES else f"{QUESTION_OF[choice].number} · {label_of(choice)}"
