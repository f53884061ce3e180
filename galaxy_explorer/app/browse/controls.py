"""The controls of Browse: ready-made selections, search, filters as chips, and the order.

The page's address is the one place where the view is kept. Every control shows what the address says, and a change
writes a new address, which Streamlit then shows.
"""

from dataclasses import replace

import streamlit as st

from galaxy_explorer.app.browse.matching import Picked, counts_shares
from galaxy_explorer.app.browse.presets import READY_MADE, ready_made_of
from galaxy_explorer.app.browse.query import (
    AGAINST_VOLUNTEERS,
    AT_RANDOM,
    BESIDE_ANSWERS,
    BETWEEN_NETWORKS,
    BY_ID,
    GREATEST_SEED,
    LEAST_ASKED,
    View,
    range_in_words,
    view_from_address,
)
from galaxy_explorer.app.services import sources
from galaxy_explorer.app.ui.wording import escaped
from galaxy_explorer.catalogue import Catalogue, VoteRange
from galaxy_explorer.decision_tree import COLUMNS, MASS_COLUMN, QUESTION_OF, name_of

COMPARE = "galaxy_explorer/app/compare/page.py"
SHARE, FRACTION = "share", "vote fraction"
HIGHEST, LOWEST = "highest first", "lowest first"
MEASURE_HELP = (
    "A share counts the votes on the question itself: how many of those who were asked gave this answer. A vote fraction "
    "is the share times the part of all votes that reached the question."
)
ASKED_HELP = (
    "Few volunteers are asked every question. Where hardly anyone was, a share says little: “two arms” by two of three "
    "votes is chance. Galaxies below this bound do not pass a filter on a share, and come last in a sort by one."
)
SORT_NAMES = {
    BY_ID: "galaxy id",
    AT_RANDOM: "at random",
    AGAINST_VOLUNTEERS: "network against volunteers",
    BETWEEN_NETWORKS: "network against network",
}


def asked_view() -> tuple[View, list[str]]:
    """Read the view in the page's address, with a sentence for each part that cannot be read."""
    return view_from_address({name: st.query_params.get_all(name) for name in st.query_params})


def go_to(view: View) -> None:
    """Write a view into the page's address. As a callback it is shown at once."""
    source = sources.current_source()
    votes = sources.votes_in_address(sources.catalogue(source))
    st.query_params.from_dict({"source": source, **view.address(), **votes})


def choose_ready_made(catalogue: Catalogue, view: View) -> None:
    """Offer the ready-made selections where there are votes; a second click on the chosen one takes it away."""
    if not catalogue.votes.known.any():
        return
    st.session_state["ready_made"] = ready_made_of(view)
    names = {choice.name: choice for choice in READY_MADE}

    def chosen() -> None:
        choice = names.get(st.session_state["ready_made"] or "")
        go_to(choice.view if choice else View())

    st.pills("Ready-made", list(names), key="ready_made", on_change=chosen, label_visibility="collapsed")
    if choice := names.get(st.session_state["ready_made"] or ""):
        st.caption(choice.reason)


def choose_view(catalogue: Catalogue, view: View, networks: Picked) -> None:
    """Offer search, filters and orders."""
    voted = bool(catalogue.votes.known.any())
    with st.container(horizontal=True, vertical_alignment="bottom", key="controls"):
        _search(view)
        with st.popover("Add a filter", icon=":material/filter_alt:", key="add_filter", disabled=not voted):
            _new_range(view)
            _least_asked(view)
        _sort(view, voted)
        _more_of_sort(view, networks)


def show_chips(view: View) -> None:
    """Show each condition as a chip; a click takes it away."""
    chips = [(range_in_words(wanted), view.without_range(wanted)) for wanted in view.ranges]
    if view.asked != LEAST_ASKED:
        chips.append((view.bound_in_words, view.without_bound()))
    if view.search:
        chips.append((f"id: {view.search}", replace(view, search="", page=1)))
    if not chips:
        return
    with st.container(horizontal=True, vertical_alignment="center", key="chips"):
        for number, (words, without) in enumerate(chips):
            st.button(
                escaped(words), key=f"chip_{number}", on_click=go_to, args=(without,),
                icon=":material/close:", icon_position="right", wrap=True,
            )  # fmt: skip
        if len(chips) > 1:
            everything = View(sort=view.sort, as_share=view.as_share, upward=view.upward, seed=view.seed)
            st.button("Clear all", key="clear_all", on_click=go_to, args=(everything,), type="tertiary")


def explain_view(catalogue: Catalogue, view: View, picked: Picked) -> None:
    """Say what a visitor would otherwise wonder about: unknown votes, shares of few votes, missing predictions."""
    voted, said = int(catalogue.votes.known.sum()), []
    if not voted:
        st.caption("Nobody has voted on these galaxies, so there are no answers to filter or sort by.")
    elif view.needs_votes and voted < len(catalogue):
        said.append(
            f"Volunteers voted on {voted:,} of these {len(catalogue):,} galaxies; a filter passes over the others, "
            "and a sort puts them last."
        )
    columns = [wanted.column for wanted in view.ranges if wanted.as_share]
    columns += [view.sort] if view.sort in COLUMNS and view.as_share else []
    if counts_shares(view) and view.asked and any(MASS_COLUMN[QUESTION_OF[column].number] for column in columns):
        said.append(f"A share counts where at least {view.asked} % of the votes reached its question.")
    if picked.not_found:
        said.append(f"No id holds {', '.join(f'“{escaped(text[:40])}”' for text in picked.not_found[:5])}.")
    if view.sort in (AGAINST_VOLUNTEERS, BETWEEN_NETWORKS):
        _explain_disagreement(catalogue, view, picked, said)
    if said:
        st.caption(" ".join(said))


def _explain_disagreement(catalogue: Catalogue, view: View, picked: Picked, said: list[str]) -> None:
    """Say how many galaxies have predictions, or where these come from."""
    if picked.apart is not None:
        sides = " and ".join(picked.networks[:2]) if not picked.network else f"{picked.network} and the volunteers"
        unvoted = picked.network and not catalogue.votes.known.all()
        last = "the others, and those without votes, come last" if unvoted else "the others come last"
        said.append(
            f"{picked.predicted:,} of {len(catalogue):,} galaxies predicted; {last}. Sorted by how far "
            f"{sides} are apart: the root-mean-square difference over the answers known to both."
        )
        return
    needed = "Both networks must have" if view.sort == BETWEEN_NETWORKS else "No network has"
    rest = " looked at these galaxies first" if view.sort == BETWEEN_NETWORKS else " looked at these galaxies yet"
    with st.container(horizontal=True, vertical_alignment="center", key="to_compare"):
        st.info(f"{needed}{rest}, so they stand in the order of their ids. Compare lets them look.")
        address = {"source": sources.current_source()} | sources.votes_in_address(catalogue)
        st.page_link(COMPARE, label="Compare", icon=":material/balance:", query_params=address)


def _search(view: View) -> None:
    """Offer the search by id."""
    st.session_state["search"] = view.search
    st.text_input(
        "Search by id", key="search", placeholder="100008, 100023", width=220,
        on_change=lambda: go_to(replace(view, search=st.session_state["search"].strip(), page=1)),
        help="An id or a part of one, or several parted by commas or spaces. Ids given in full come first.",
    )  # fmt: skip


def _new_range(view: View) -> None:
    """Offer a filter on any answer."""

    def add() -> None:
        low, high = st.session_state["new_bounds"]
        if column := st.session_state["new_answer"]:
            as_share = st.session_state["new_measure"] == SHARE
            go_to(view.with_range(VoteRange(column, low / 100, high / 100, as_share)))
        else:
            st.session_state["no_answer_chosen"] = True

    with st.form("new_filter", border=False):
        st.selectbox("Answer", COLUMNS, index=None, format_func=_numbered, key="new_answer", placeholder="Choose one")
        st.segmented_control(
            "Measure", [SHARE, FRACTION], default=SHARE, required=True, key="new_measure", help=MEASURE_HELP
        )
        st.slider("Between (%)", 0, 100, (50, 100), key="new_bounds")
        st.form_submit_button("Add filter", type="primary", icon=":material/add:", on_click=add)
    if st.session_state.pop("no_answer_chosen", False):
        st.warning("Choose an answer first.", icon=":material/arrow_upward:")


def _least_asked(view: View) -> None:
    """Offer the part of the votes that must have reached a question."""
    st.session_state["asked"] = view.asked
    st.slider(
        "Count a share where at least so many of the votes reached the question (%)", 0, 100, key="asked",
        on_change=lambda: go_to(replace(view, asked=st.session_state["asked"], page=1)), help=ASKED_HELP,
    )  # fmt: skip


def _sort(view: View, voted: bool) -> None:
    """Offer what to sort by, and which way."""
    st.session_state["sort_by"] = view.sort
    orders = [BY_ID, AT_RANDOM, BETWEEN_NETWORKS] if not voted else BESIDE_ANSWERS
    options = [*orders, *(COLUMNS if voted else ())]
    options += [] if view.sort in options else [view.sort]

    def sort_changed() -> None:
        go_to(replace(view, sort=st.session_state["sort_by"], upward=None, page=1))

    st.selectbox("Sort by", options, format_func=_numbered, key="sort_by", on_change=sort_changed, width=290)
    if view.sort != AT_RANDOM:
        st.session_state["order"] = HIGHEST if view.descending else LOWEST

        def order_changed() -> None:
            go_to(replace(view, upward=st.session_state["order"] == LOWEST, page=1))

        st.selectbox("Order", [HIGHEST, LOWEST], key="order", on_change=order_changed, width=150)


def _more_of_sort(view: View, picked: Picked) -> None:
    """Offer what only some sorts have: a seed, a measure, a network."""
    if view.sort == AT_RANDOM:
        st.session_state["seed"] = view.seed
        st.number_input(
            "Seed", 0, GREATEST_SEED, key="seed", width=150, help="The same seed gives the same order, for everyone.",
            on_change=lambda: go_to(replace(view, seed=int(st.session_state["seed"]), page=1)),
        )  # fmt: skip
    elif view.sort in COLUMNS:
        st.session_state["measure"] = SHARE if view.as_share else FRACTION
        st.segmented_control(
            "Measure", [SHARE, FRACTION], key="measure", required=True, help=MEASURE_HELP,
            on_change=lambda: go_to(replace(view, as_share=st.session_state["measure"] == SHARE, page=1)),
        )  # fmt: skip
    elif view.sort == AGAINST_VOLUNTEERS and len(picked.networks) > 1:
        st.session_state["against"] = picked.network
        st.segmented_control(
            "Network", picked.networks, key="against", required=True,
            on_change=lambda: go_to(replace(view, network=st.session_state["against"], page=1)),
        )  # fmt: skip


def _numbered(choice: str) -> str:
    """Name an answer with the number of its question, or another thing to sort by."""
    return SORT_NAMES[choice] if choice in SORT_NAMES else f"{QUESTION_OF[choice].number} · {name_of(choice)}"
