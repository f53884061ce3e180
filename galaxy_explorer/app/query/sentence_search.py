"""Search field of Browse: ids, or a sentence that becomes filters."""

from collections.abc import Hashable
from dataclasses import replace
from typing import Any

import streamlit as st

from galaxy_explorer.app import state
from galaxy_explorer.app.query.binding import write_url
from galaxy_explorer.app.query.query import BY_ID, BY_MATCH, DEFAULT_MIN_ASKED, BrowseQuery
from galaxy_explorer.app.services import sources
from galaxy_explorer.app.state import Key, ReadSentence
from galaxy_explorer.app.ui.wording import cut, escape_markdown
from galaxy_explorer.catalogue import Measure, VoteRange, find_ids
from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.decision_tree.sentence import MAX_LENGTH, Condition, Sentence, parse_sentence

EXAMPLES = ("barred spirals with two loose arms, face-on", "edge-on with a dust lane", "smooth and round but odd")
PLACEHOLDER = "Search: barred spirals with two arms, or ids"
HINT = (
    "Or say it with “no”, “or”, “maybe”, “clearly”, “at least two arms”, “bar over 70 %”; or type ids or parts of them."
)


def query_of(sentence: Sentence, query: BrowseQuery) -> BrowseQuery:
    """Return a query with the filters of a sentence instead of its own on answers.

    Parameters
    ----------
    sentence : Sentence
    query : BrowseQuery
        Its answers and its conditions that are not on answers stay, such as a shape on the map.

    Returns
    -------
    BrowseQuery
        Sorted by best match, unless the query has an order of its own.
    """
    ranges = tuple(_range(condition) for condition in sentence.conditions)
    asked = DEFAULT_MIN_ASKED if sentence.min_asked is None else round(100 * sentence.min_asked)
    sort = query.sort
    if sort in (BY_ID, BY_MATCH, *COLUMNS):  # an order by an answer is that of an earlier search
        sort = BY_MATCH if ranges else BY_ID
    return replace(query, ranges=ranges, min_asked=asked, search="", sort=sort, page=1)


def _range(condition: Condition) -> VoteRange:
    """Return a condition as a filter."""
    column, *also = condition.columns
    return VoteRange(column, condition.low, condition.high, Measure(condition.measure), tuple(also))


def search(query: BrowseQuery, text: str) -> None:
    """Search, and write the URL."""
    write_url(searched(query, text))


def searched(query: BrowseQuery, text: str) -> BrowseQuery:
    """Search for ids if the current source has them, else for a sentence; the field keeps it.

    Parameters
    ----------
    query : BrowseQuery
        Its conditions stay, but those of an earlier search.
    text : str

    Returns
    -------
    BrowseQuery
        The query as it was if nothing is understood; the search field then says so.
    """
    text, before = text.strip(), _read_before(query)
    exact, others, not_found = find_ids(sources.catalogue(sources.current_source()), text)
    sentence = parse_sentence(text)
    understood = bool(sentence.conditions) or sentence.min_asked is not None
    messages = sentence.messages
    if not text or ((len(exact) or len(others)) and not (not_found and understood)):
        if before and before.understood:  # its filters leave with its text
            query = query_of(Sentence(), query)
        query, messages, sentence = replace(query, search=text, page=1), (), Sentence()
    elif understood:
        query = query_of(sentence, query)
    elif len(text) <= MAX_LENGTH:
        messages = (f"No galaxy id contains “{cut(text)}”.", *messages)
    read = ReadSentence(text, _searched(query), messages, sentence.corrected, understood)
    state.browse().sentence = None if query.search == text else read
    return query


def _searched(query: BrowseQuery) -> Hashable:
    """Return what a search determines in a query."""
    return query.ranges, query.min_asked, query.search


def _read_before(query: BrowseQuery) -> ReadSentence | None:
    """Return the sentence that was searched for last, if the query is still what it gave."""
    last = state.browse().sentence
    return last if last and last.query == _searched(query) else None


def show_field(query: BrowseQuery) -> None:
    """Draw the search field, and examples that are shown while it is empty and has the focus."""
    last = _read_before(query)
    text = last.text if last else query.search
    state.set_widget(Key.SEARCH, text)

    def change() -> None:
        search(query, state.widget(Key.SEARCH) or "")

    with st.container(key="find"):
        field: dict[str, Any] = {"key": Key.SEARCH, "on_change": change, "label_visibility": "collapsed"}
        st.text_input("Search", placeholder=PLACEHOLDER, **field)
        if not text:
            with st.container(key="find_examples", gap=None):
                st.caption("For example")
                for number, example in enumerate(EXAMPLES):
                    action: dict[str, Any] = {"on_click": search, "args": (query, example)}
                    st.button(example, key=f"example_{number}", type="tertiary", **action)
                st.caption(HINT)


def show_messages(query: BrowseQuery) -> None:
    """Draw what of the last sentence was left out or read in a special way, and a correction."""
    last = _read_before(query)
    if not last or not last.messages:
        return
    text = escape_markdown(" ".join(last.messages))
    with st.container(horizontal=True, vertical_alignment="center", key="find_messages"):
        if last.understood:
            st.caption(text, width="stretch" if not last.corrected else "content")
        else:
            st.warning(text, icon=":material/search_off:")
        if last.corrected:
            action: dict[str, Any] = {"on_click": search, "args": (query, last.corrected)}
            st.button(f"Search for “{escape_markdown(last.corrected)}”", key="corrected", **action)
