"""The controls of Browse: search, presets, all others in a drop-down, filters as chips.

The URL alone holds the query. Each control shows what the URL says, and a change writes a new URL.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import streamlit as st

from galaxy_explorer.app import state
from galaxy_explorer.app.query import filter_controls, sentence_search
from galaxy_explorer.app.query.binding import CLOSE, bound, write_url
from galaxy_explorer.app.query.filters.own_class import ClassRange
from galaxy_explorer.app.query.matching import Matches
from galaxy_explorer.app.query.presets import preset_of, presets_of, reason_of
from galaxy_explorer.app.query.query import (
    AGAINST_VOLUNTEERS,
    AT_RANDOM,
    BETWEEN_NETWORKS,
    BY_CLASS,
    BY_ID,
    BY_MATCH,
    BY_OOD,
    MAX_SEED,
    SORTS,
    BrowseQuery,
)
from galaxy_explorer.app.services.answers import VOLUNTEERS, Answers, choices
from galaxy_explorer.app.services.networks import label
from galaxy_explorer.app.state import Key
from galaxy_explorer.app.ui import vote_kind
from galaxy_explorer.app.ui.wording import escape_markdown
from galaxy_explorer.catalogue import Catalogue, Measure
from galaxy_explorer.decision_tree import COLUMNS, label_of

HIGHEST, LOWEST = "highest first", "lowest first"
CLOSING = Path(__file__).with_name("closing.html")
ANSWERS_HELP = (
    "Whose answers the selections, filters, sort orders and captions use: those of the volunteers of Galaxy Zoo, or "
    "the vote fractions that a network predicts. The accurate network is slower than the quick one."
)
SEED_HELP = "The same seed gives the same order, for everyone."
SORT_NAMES = {
    BY_ID: "galaxy id",
    AT_RANDOM: "random",
    AGAINST_VOLUNTEERS: "network vs volunteers",
    BETWEEN_NETWORKS: "network vs network",
    BY_OOD: "difference from the training pictures",
    BY_MATCH: "best match of the filters",
    BY_CLASS: "score of the class",
}


def show_controls(catalogue: Catalogue, query: BrowseQuery, matches: Matches) -> None:
    """Draw the row of controls: search, a drop-down, presets, and whose answers count."""
    answers, has_votes = matches.answers, bool(catalogue.votes.known.any())
    with st.container(horizontal=True, wrap=False, vertical_alignment="center", key="controls"):
        sentence_search.show_field(query)
        # Not a popover: closed, it would hold outdated values of widgets and send them with the next action.
        with st.expander("Filter, sort", icon=":material/tune:", key="all_controls"):
            chosen, new = st.columns(2, gap="large")
            with chosen:
                _sort(query, has_votes, bool(answers.predicted))
                _sort_details(query, matches)
                vote_kind.choose_votes(catalogue)
                filter_controls.choose_ood(query)
                if has_votes:
                    filter_controls.choose_rmse(query)
            with new:
                if answers.predicted:
                    filter_controls.add_range(query, answers)
                    filter_controls.choose_min_asked(query)
        _choose_preset(catalogue, query, answers)
        _choose_answers(catalogue, query, answers)
        with st.container(key="closing"):
            st.html(CLOSING, unsafe_allow_javascript=True)


def _choose_answers(catalogue: Catalogue, query: BrowseQuery, answers: Answers) -> None:
    """Draw the choice of the volunteers' answers or a network's, if there is one."""
    options = choices(catalogue)
    options += [answers.name] * (answers.name not in options)
    if len(options) == 1:
        return

    def change(name: str) -> BrowseQuery:
        chosen = replace(query, answers="" if name == VOLUNTEERS else name, network="", page=1)
        return chosen if chosen.answers else _without_intervals(chosen)

    def whose(name: str) -> str:
        return "simulated" if name == VOLUNTEERS and catalogue.simulated else label(name)

    with st.container(key="answers_of_whom", width="content"):
        st.selectbox(
            "Answers of",
            options,
            format_func=lambda name: f"Answers of: {whose(name)}",
            label_visibility="collapsed",
            help=ANSWERS_HELP,
            **bound(Key.ANSWERS_OF, answers.name, query, change),
        )


def _without_intervals(query: BrowseQuery) -> BrowseQuery:
    """Return a query with shares instead of the ends of intervals, which votes do not have."""
    ranges = tuple(
        wanted if wanted.measure in (Measure.SHARE, Measure.FRACTION) else replace(wanted, measure=Measure.SHARE)
        for wanted in query.ranges
    )
    measure = query.measure if query.measure == Measure.FRACTION else Measure.SHARE
    return replace(query, ranges=tuple(dict.fromkeys(ranges)), measure=measure)


def _choose_preset(catalogue: Catalogue, query: BrowseQuery, answers: Answers) -> None:
    """Draw the presets that match galaxies; a second click on the chosen one removes it."""
    by_name = {preset.name: preset for preset in presets_of(catalogue, answers)}
    if not by_name:
        return
    chosen = preset_of(query)
    state.set_widget(Key.PRESET, chosen.name if chosen and chosen.name in by_name else None)

    def change() -> None:
        preset = by_name.get(state.widget(Key.PRESET))
        write_url(replace(preset.query if preset else BrowseQuery(), answers=query.answers))

    st.pills("Presets", list(by_name), key=Key.PRESET, on_change=change, label_visibility="collapsed", wrap=False)


def show_chips(query: BrowseQuery, answers: Answers) -> None:
    """Draw the conditions as chips, and messages about the sentence that they are from."""
    _chips(query, answers)
    sentence_search.show_messages(query)


def _chips(query: BrowseQuery, answers: Answers) -> None:
    """Draw each condition, and a sort order other than by id, as a chip that removes it."""
    chips, preset = query.relaxations(), preset_of(query)
    is_sorted = query.sort not in (BY_ID, BY_MATCH)
    if not chips and not is_sorted:
        return
    with st.container(horizontal=True, vertical_alignment="center", key="chips"):
        for number, (words, without) in enumerate(chips):
            action: dict[str, Any] = {"key": f"chip_{number}", "on_click": write_url, "args": (without,)}
            st.button(escape_markdown(words), icon=CLOSE, icon_position="right", wrap=True, **action)
        if is_sorted and not preset:
            unsorted = replace(query, sort=BY_ID, measure=Measure.SHARE, ascending=None, page=1)
            words = SORT_NAMES.get(query.sort) or label_of(query.sort)
            if query.sort in COLUMNS and query.measure in (Measure.LOWER, Measure.UPPER):
                words += f", {query.measure}"
            chip: dict[str, Any] = {"key": "sort_chip", "on_click": write_url, "args": (unsorted,)}
            st.button(
                f"sorted by {words}" if query.sort != AT_RANDOM else "random order",
                icon=CLOSE,
                icon_position="right",
                wrap=True,
                **chip,
            )
        if len(chips) > 1:
            cleared = (query.cleared(),)
            st.button("Clear all filters", key="clear_all", on_click=write_url, args=cleared, type="tertiary")
        if preset:
            st.caption(reason_of(preset, answers))


def _sort(query: BrowseQuery, has_votes: bool, has_answers: bool) -> None:
    """Draw the sort order and its direction."""
    unavailable = {
        AGAINST_VOLUNTEERS: not has_votes,
        BY_CLASS: query.filter_of(ClassRange) is None,
        BY_MATCH: not query.ranges,
    }
    options: list[str] = [sort for sort in SORTS if not unavailable.get(sort)]
    options += COLUMNS if has_answers else ()
    options += [] if query.sort in options else [query.sort]
    binding = bound(Key.SORT, query.sort, query, lambda sort: {"sort": sort, "ascending": None})
    st.selectbox("Sort order", options, format_func=_label, **binding)
    if query.sort != AT_RANDOM:
        shown = HIGHEST if query.descending else LOWEST
        binding = bound(Key.ORDER, shown, query, lambda order: {"ascending": order == LOWEST})
        st.selectbox("Direction", [HIGHEST, LOWEST], **binding)


def _sort_details(query: BrowseQuery, matches: Matches) -> None:
    """Draw what only some queries have: a seed, a measure of the sort, a network."""
    if query.sort == AT_RANDOM:
        binding = bound(Key.SEED, query.seed, query, lambda seed: {"seed": int(seed)})
        st.number_input("Seed", 0, MAX_SEED, help=SEED_HELP, **binding)
    elif query.sort in COLUMNS:
        measures = filter_controls.measures_of(matches.answers)
        measures += [] if query.measure in measures else [query.measure]
        binding = bound(Key.MEASURE, query.measure, query, lambda measure: {"measure": Measure(measure)})
        help_text = filter_controls.measure_help(matches.answers)
        st.segmented_control("Measure", measures, required=True, help=help_text, **binding)
    if not matches.answers.network and matches.network in matches.networks and len(matches.networks) > 1:
        binding = bound(Key.AGAINST, matches.network, query, lambda network: {"network": network})
        st.segmented_control("Network", matches.networks, required=True, format_func=label, **binding)


def _label(choice: str) -> str:
    """Return the label of an answer, with its question's number, or of another sort order."""
    return SORT_NAMES[choice] if choice in SORT_NAMES else filter_controls.numbered_label(choice)
