"""The gallery of Browse: pages of tiles, each a galaxy's picture that leads to its page."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import streamlit as st

from galaxy_explorer.app import state
from galaxy_explorer.app.browse.controls import CLOSE, write_url
from galaxy_explorer.app.browse.matching import Matches, relaxed_queries
from galaxy_explorer.app.browse.query import BrowseQuery
from galaxy_explorer.app.services import sources
from galaxy_explorer.app.state import Key
from galaxy_explorer.app.ui.skeletons import GALLERY_TILES
from galaxy_explorer.app.ui.tiles import show_tiles
from galaxy_explorer.app.ui.wording import escape_markdown, galaxies_in_words
from galaxy_explorer.catalogue import Catalogue
from galaxy_explorer.decision_tree import COLUMNS, label_of

MANY_PAGES = 7  # from here on a page is typed in faster than found
BUTTON_PX = 44  # of a page's number
MAX_CAPTIONS = 2  # on a tile, after the id
MAX_RELAXED = 3

Caption = Callable[[int], str]  # of a row


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


def show_gallery(source: str, catalogue: Catalogue, query: BrowseQuery, matches: Matches) -> None:
    """Draw the tiles of one page."""
    page, _ = page_of(query, len(matches.rows))
    rows = matches.rows[(page - 1) * GALLERY_TILES : page * GALLERY_TILES]
    write = captions_of(catalogue, query, matches)
    ids = catalogue.table.index[rows]
    captions = {
        str(galaxy_id): "".join(f" *{caption(row)}*" for caption in write)
        for galaxy_id, row in zip(ids, rows, strict=True)
    }
    answer = {"answer": query.asked_answer} if query.asked_answer else {}
    params = {"source": source} | answer | sources.vote_params(catalogue)
    with st.container(key="gallery"):
        errors = show_tiles(catalogue, params, captions, "tile")
    if errors:
        with st.expander(f"{len(errors)} of these pictures cannot be read", icon=":material/broken_image:"):
            st.text("\n".join(f"{galaxy_id}: {error}" for galaxy_id, error in errors.items()))


def captions_of(catalogue: Catalogue, query: BrowseQuery, matches: Matches) -> list[Caption]:
    """Return functions that write the values that a query sorts or filters by."""
    ood: list[Caption] = [_ood_caption(matches.ood.scores)] if matches.ood else []
    if (rmse := matches.rmse) is not None:
        return [lambda row: _rmse_caption(rmse[row], not matches.network or catalogue.votes.known[row]), *ood]
    shown = [(query.sort, query.as_share)] if query.sort in COLUMNS else []
    # What a filter excludes is near 0 on every tile.
    shown += [(wanted.column, wanted.as_share) for wanted in query.ranges if wanted.low or not shown]
    votes = [_caption(catalogue, *pair) for pair in list(dict.fromkeys(shown))[:MAX_CAPTIONS]]
    return [*votes[: MAX_CAPTIONS - len(ood)], *ood]


def _caption(catalogue: Catalogue, column: str, as_share: bool) -> Caption:
    """Return a function that writes an answer's share or vote fraction."""
    values = catalogue.votes.values(column, as_share=as_share)
    fractions = catalogue.votes.fractions(column)

    def write(row: int) -> str:
        if np.isfinite(values[row]):
            return f"{100 * values[row]:.0f}\u00a0% {label_of(column)}"
        return f"{label_of(column)}: {'not asked' if np.isfinite(fractions[row]) else 'no votes known'}"

    return write


def _ood_caption(scores: np.ndarray) -> Caption:
    """Return a function that writes an out-of-distribution score, never 1.00 for one near 1."""

    def write(row: int) -> str:
        rounded = f"{scores[row]:.2f}"
        return f"OOD score {rounded if rounded != '1.00' or scores[row] == 1 else f'{scores[row]:.4f}'}"

    return write


def _rmse_caption(rmse: float, has_votes: bool) -> str:
    """Return the RMSE between two sides, or which of them is missing."""
    if np.isfinite(rmse):
        return f"RMSE {rmse:.2f}"
    return "not predicted" if has_votes else "no votes known"


def show_no_matches(catalogue: Catalogue, query: BrowseQuery) -> None:
    """Draw the buttons that remove a condition of a query without matches."""
    with st.container(key="nothing", horizontal_alignment="center"):
        st.markdown(":material/search_off:")
        st.markdown("**No matches.**")
        relaxed = relaxed_queries(catalogue, query)[:MAX_RELAXED]
        if not relaxed:
            st.markdown("No single filter explains this.")
            icon = ":material/filter_alt_off:"
            st.button("Clear all filters", key="start_again", on_click=write_url, args=(BrowseQuery(),), icon=icon)
            return
        st.markdown("Remove a filter:")
        for number, without in enumerate(relaxed):
            label = f"{escape_markdown(without.condition)} → {galaxies_in_words(without.galaxies)}"
            action: dict[str, Any] = {"key": f"relax_{number}", "on_click": write_url, "args": (without.query,)}
            st.button(label, icon=CLOSE, wrap=True, **action)
