"""The gallery of Browse: pages of tiles, each a galaxy's picture that leads to its page."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import streamlit as st

from galaxy_explorer.app.browse.controls import go_to
from galaxy_explorer.app.browse.matching import Picked, ways_out
from galaxy_explorer.app.browse.query import View
from galaxy_explorer.app.services import sources
from galaxy_explorer.app.ui.skeletons import GALLERY_TILES
from galaxy_explorer.app.ui.wording import escaped, galaxies_in_words
from galaxy_explorer.catalogue import Catalogue
from galaxy_explorer.decision_tree import COLUMNS, name_of
from galaxy_explorer.images import ImageError

GALAXY = "galaxy_explorer/app/galaxy/page.py"
MANY_PAGES = 7  # beyond these a page is typed in faster than found
BUTTON = 44  # pixels of a page's number
MOST_CAPTIONS = 2  # lines on a tile beside the id
MOST_WAYS_OUT = 3

Caption = Callable[[int], str]


def page_of(view: View, galaxies: int) -> tuple[int, int]:
    """Give the page that a view shows, which is the last where it asks for one beyond, and how many there are."""
    pages = max(1, math.ceil(galaxies / GALLERY_TILES))
    return min(view.page, pages), pages


def show_pages(view: View, galaxies: int, place: str) -> None:
    """Show the numbers of the pages; above and below the gallery they differ by their place."""
    page, pages = page_of(view, galaxies)
    if pages == 1:
        return

    def turn(key: str) -> None:
        go_to(replace(view, page=int(st.session_state[key])))

    key = f"pages_{place}"
    st.session_state[key] = page
    # By itself it would fit itself into the little room that it takes, and leave out pages of four; of three it leaves
    # out one unless there is room for four.
    room = BUTTON * (min(pages + (pages == 3), MANY_PAGES) + 2)
    st.pagination(pages, key=key, on_change=turn, args=(key,), width=room)
    if pages > MANY_PAGES and place == "below":
        st.session_state["go_to_page"] = page
        st.number_input("Go to page", 1, pages, key="go_to_page", on_change=turn, args=("go_to_page",), width=150)


def show_gallery(source: str, catalogue: Catalogue, view: View, picked: Picked) -> None:
    """Show the tiles of one page: first their frames, then the pictures as they come."""
    page, _ = page_of(view, len(picked.rows))
    rows = picked.rows[(page - 1) * GALLERY_TILES : page * GALLERY_TILES]
    ids = [str(galaxy_id) for galaxy_id in catalogue.table.index[rows]]
    captions, kind = captions_of(catalogue, view, picked), sources.votes_in_address(catalogue)
    with st.container(key="gallery"):
        places = [
            _tile({"source": source, "galaxy": name} | kind, [caption(row) for caption in captions])
            for name, row in zip(ids, rows, strict=True)
        ]
    failed = []
    for name, place, picture in zip(ids, places, sources.galaxy_thumbnails(catalogue, ids), strict=True):
        if isinstance(picture, ImageError):
            place.markdown(":material/broken_image:  \nno picture")
            failed.append(f"{name}: {picture}")
        else:
            place.image(picture, width="stretch", alt=f"Galaxy {name}")
    if failed:
        with st.expander(f"{len(failed)} of these pictures cannot be read", icon=":material/broken_image:"):
            st.text("\n".join(failed))


def _tile(address: dict[str, str], captions: Sequence[str]) -> "st.delta_generator.DeltaGenerator":
    """Lay out a tile, the whole of which is a link, and give the place of its picture."""
    with st.container(key=f"tile_{address['galaxy']}"):
        place = st.empty()
        said = "".join(f" *{caption}*" for caption in captions)
        st.page_link(GALAXY, label=escaped(address["galaxy"]) + said, icon="", query_params=address)
    return place


def captions_of(catalogue: Catalogue, view: View, picked: Picked) -> list[Caption]:
    """Give what says, of a row, the values that a view sorts or filters by."""
    if picked.apart is not None:
        return [lambda row: _apart_in_words(catalogue, picked, row)]
    asked = [(view.sort, view.as_share)] if view.sort in COLUMNS else []
    asked += [(wanted.column, wanted.as_share) for wanted in view.ranges]
    return [_caption(catalogue, *pair) for pair in list(dict.fromkeys(asked))[:MOST_CAPTIONS]]


def _caption(catalogue: Catalogue, column: str, as_share: bool) -> Caption:
    """Give what says one answer's share or vote fraction."""
    values = catalogue.votes.values(column, as_share=as_share)
    fractions = catalogue.votes.fractions(column)

    def say(row: int) -> str:
        if np.isfinite(values[row]):
            return f"{100 * values[row]:.0f}\u00a0% {name_of(column)}"
        return f"{name_of(column)}: {'not asked' if np.isfinite(fractions[row]) else 'no votes known'}"

    return say


def _apart_in_words(catalogue: Catalogue, picked: Picked, row: int) -> str:
    """Say how far the two sides of a disagreement are apart, or which of them is missing."""
    if picked.apart is not None and np.isfinite(picked.apart[row]):
        return f"{picked.apart[row]:.2f} apart"
    return "no votes known" if picked.network and not catalogue.votes.known[row] else "not predicted"


def show_nothing(catalogue: Catalogue, view: View) -> None:
    """Say that no galaxy fits, and which condition stands in the way."""
    with st.container(key="nothing", horizontal_alignment="center"):
        st.markdown(":material/search_off:")
        st.markdown("**No galaxy fits.**")
        found = ways_out(catalogue, view)
        if found:
            st.markdown("There would be some without one of these:")
        for number, way in enumerate(found[:MOST_WAYS_OUT]):
            count = galaxies_in_words(way.galaxies)
            st.button(
                f"{escaped(way.condition)} → {count}", key=f"way_out_{number}", on_click=go_to, args=(way.view,),
                icon=":material/close:", wrap=True,
            )  # fmt: skip
        if not found:
            st.markdown("Not even when one of the filters is taken away.")
            st.button("Clear all", key="start_again", on_click=go_to, args=(View(),), icon=":material/filter_alt_off:")
