"""The gallery of Browse: pages of tiles, each a galaxy's picture that leads to its page."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import streamlit as st

from galaxy_explorer.app import state
from galaxy_explorer.app.query.binding import CLOSE, write_url
from galaxy_explorer.app.query.captions import captions_of, kinds_of, values_of
from galaxy_explorer.app.query.matching import Matches, relaxed_queries
from galaxy_explorer.app.query.query import BrowseQuery
from galaxy_explorer.app.services import networks, sources
from galaxy_explorer.app.state import Key
from galaxy_explorer.app.ui import live_sdss
from galaxy_explorer.app.ui.skeletons import GALLERY_TILES
from galaxy_explorer.app.ui.tiles import show_tiles
from galaxy_explorer.app.ui.wording import escape_markdown, galaxies_in_words
from galaxy_explorer.catalogue import SAMPLE, Catalogue

MANY_PAGES = 7  # from here on a page is typed in faster than found
BUTTON_PX = 44  # of a page's number
MAX_RELAXED = 3


def page_of(query: BrowseQuery, galaxies: int) -> tuple[int, int]:
    """Return the page that a query shows, at most the last one, and the number of pages."""
    pages = max(1, math.ceil(galaxies / GALLERY_TILES))
    return min(query.page, pages), pages


def show_pages(query: BrowseQuery, galaxies: int, key: Key) -> None:
    """Draw the page numbers above or below the gallery."""
    page, pages = page_of(query, galaxies)
    if pages == 1:
        return

    def turn(key: Key) -> None:
        write_url(replace(query, page=int(state.widget(key))))

    state.set_widget(key, page)
    # With its default width it leaves out pages of four; of three it leaves out one unless there is room for four.
    width = BUTTON_PX * (min(pages + (pages == 3), MANY_PAGES) + 2)
    st.pagination(pages, key=key, on_change=turn, args=(key,), width=width)
    if pages > MANY_PAGES and key == Key.PAGES_BELOW:
        state.set_widget(Key.GO_TO_PAGE, page)
        st.number_input("Page", 1, pages, key=Key.GO_TO_PAGE, on_change=turn, args=(Key.GO_TO_PAGE,), width=150)


def show_gallery(
    source: str, catalogue: Catalogue, query: BrowseQuery, matches: Matches, show_below: Callable[[], None]
) -> None:
    """Draw the galaxies that match, and more below them; or what to do if there are none."""
    if not len(matches.rows):
        _show_no_matches(catalogue, query)
        return
    _show_page(source, catalogue, query, matches)
    with st.container(horizontal=True, horizontal_alignment="center", vertical_alignment="bottom", key="more_pages"):
        show_pages(query, len(matches.rows), Key.PAGES_BELOW)
        show_below()


def _show_page(source: str, catalogue: Catalogue, query: BrowseQuery, matches: Matches) -> None:
    """Draw the tiles of one page."""
    page, _ = page_of(query, len(matches.rows))
    rows = matches.rows[(page - 1) * GALLERY_TILES : page * GALLERY_TILES]
    kinds = kinds_of(catalogue, rows, matches.answers)
    captions = captions_of(rows, kinds, values_of(catalogue, query, matches))
    answer = {"answer": query.asked_answer} if query.asked_answer else {}
    network = {"network": matches.answers.network} if matches.answers.network in networks.names() else {}
    params = {"source": source} | network | answer | sources.vote_params(catalogue)
    with st.container(key="gallery"):
        errors = show_tiles(catalogue, params, dict(zip(catalogue.table.index[rows], captions, strict=True)), "tile")
        if catalogue.name == SAMPLE and len(rows) == len(catalogue):
            live_sdss.offer_live("300 more galaxies, live from SDSS", "live_tile")  # makes the rows full
    if errors:
        with st.expander(f"{len(errors)} of these pictures cannot be read", icon=":material/broken_image:"):
            st.text("\n".join(f"{galaxy_id}: {error}" for galaxy_id, error in errors.items()))
    if kinds.network:
        st.caption(f"Galaxies without votes are named by predictions of the {networks.label(kinds.network)} network.")


def _show_no_matches(catalogue: Catalogue, query: BrowseQuery) -> None:
    """Draw the buttons that remove a condition of a query without matches."""
    with st.container(key="nothing", horizontal_alignment="center"):
        st.markdown(":material/search_off:")
        st.markdown("**No matches.**")
        relaxed = relaxed_queries(catalogue, query)[:MAX_RELAXED]
        if not relaxed:
            st.markdown("No single filter explains this.")
            icon = ":material/filter_alt_off:"
            st.button(
                "Clear all filters",
                key="start_again",
                on_click=write_url,
                args=(BrowseQuery(answers=query.answers),),
                icon=icon,
            )
            return
        st.markdown("Remove a filter:")
        for number, without in enumerate(relaxed):
            label = f"{escape_markdown(without.condition)} → {galaxies_in_words(without.galaxies)}"
            action: dict[str, Any] = {"key": f"relax_{number}", "on_click": write_url, "args": (without.query,)}
            st.button(label, icon=CLOSE, wrap=True, **action)
