"""The gallery of a collection: its galaxies by source, and those that cannot be shown."""

import math
from collections.abc import Sequence
from urllib.parse import urlencode

import pandas as pd
import streamlit as st

from galaxy_explorer.app import paths, state
from galaxy_explorer.app.services import sources
from galaxy_explorer.app.services.answers import answers_of
from galaxy_explorer.app.services.collections.collection import SKY, Address, Collection
from galaxy_explorer.app.state import Key
from galaxy_explorer.app.ui.buttons.heart import heart_html
from galaxy_explorer.app.ui.skeletons import GALLERY_TILES
from galaxy_explorer.app.ui.tiles import show_tiles
from galaxy_explorer.app.ui.wording import cut, escape_markdown, galaxies_in_words, listed, with_full_stop
from galaxy_explorer.catalogue import Catalogue, CatalogueError
from galaxy_explorer.decision_tree import kind_of

MAX_NAMED = 5  # ids in a message


def main_source(collection: Collection) -> str:
    """Return the source of most galaxies that can be opened; empty if there is none."""
    return next((name for name in collection.sources if name in sources.sources()), "")


def open_source(name: str) -> Catalogue | None:
    """Return a source's catalogue; None, with a message, if it cannot be opened."""
    try:
        return sources.catalogue(name)
    except (CatalogueError, OSError) as error:
        st.warning(f"{escape_markdown(name)} cannot be opened: {with_full_stop(error)}")
        return None


def show_gallery(collection: Collection) -> None:
    """Draw one page of the galaxies, source by source."""
    if not collection:
        st.caption("This collection is empty: press the heart on a galaxy, and it comes here.")
        return
    pages = math.ceil(len(collection) / GALLERY_TILES)
    page = min(state.widget(Key.COLLECTION_PAGE) or 1, pages)
    shown = collection.galaxies[::-1][(page - 1) * GALLERY_TILES : page * GALLERY_TILES]  # the latest first
    by_source: dict[str, list[str]] = {}
    for source, galaxy_id in shown:
        by_source.setdefault(source, []).append(galaxy_id)
    shown_first = {name: number for number, name in enumerate([*sources.sources(), SKY])}
    for source in sorted(by_source, key=lambda name: shown_first.get(name, len(shown_first))):
        if len(by_source) > 1 and source in shown_first:
            st.caption(escape_markdown("Sky" if source == SKY else sources.source_label(source)))
        _show_source(source, by_source[source], collection.name)
    if pages > 1:
        state.set_widget(Key.COLLECTION_PAGE, page)
        st.pagination(pages, key=Key.COLLECTION_PAGE)


def _show_source(source: str, ids: Sequence[str], name: str) -> None:
    """Draw the galaxies of one source."""
    if source == SKY:
        _show_sky(ids, name)
    elif source not in sources.sources():
        where = f"“{escape_markdown(cut(source))}”"
        st.caption(
            f"{galaxies_in_words(len(ids))} of {where} cannot be shown, as that source is not open here: {_named(ids)}."
        )
    elif catalogue := open_source(source):
        show_ids(source, catalogue, ids)


def show_ids(source: str, catalogue: Catalogue, ids: Sequence[str]) -> None:
    """Draw galaxies of an open catalogue, and name those that it does not have."""
    known = [galaxy_id for galaxy_id in ids if galaxy_id in catalogue]
    rows = catalogue.table.index.get_indexer(pd.Index(known))
    fractions = answers_of(catalogue).fractions_of(rows)
    captions = {galaxy_id: kind_of(row) or "" for galaxy_id, row in zip(known, fractions, strict=True)}
    params = {"source": source} | sources.vote_params(catalogue)
    with st.container(key=f"collection_tiles_{abs(hash(source))}"):
        errors = show_tiles(catalogue, params, captions, f"tile_{abs(hash(source))}")  # an id may be in two sources
    for galaxy_id, error in errors.items():
        st.caption(f"No picture of {escape_markdown(galaxy_id)}: {with_full_stop(error)}")
    if unknown := [galaxy_id for galaxy_id in ids if galaxy_id not in catalogue]:
        label = escape_markdown(sources.source_label(source))
        st.caption(f"{label} has no galaxy {_named(unknown)}.")


def _show_sky(ids: Sequence[str], name: str) -> None:
    """Draw links to galaxies of the Sky page, which come from the internet when they are opened."""
    with st.container(horizontal=True, key="collection_sky"):
        for galaxy_id in ids:
            with st.container(horizontal=True, width="content", vertical_alignment="center"):
                label = escape_markdown(galaxy_id)
                st.page_link(
                    paths.SKY, label=label, icon=":material/travel_explore:", query_params={"position": galaxy_id}
                )
                st.html(heart_html(Address(SKY, galaxy_id), name), width="content")


def _named(ids: Sequence[str]) -> str:
    """Return the first ids, and how many more there are."""
    more = len(ids) - MAX_NAMED
    shown = [escape_markdown(cut(galaxy_id)) for galaxy_id in ids[:MAX_NAMED]]
    return listed([*shown, f"{more:,} more"] if more > 0 else shown)


def link_of(params: dict[str, str]) -> str:
    """Return the link to this page with URL parameters."""
    return f"{st.context.url or ''}?{urlencode(params)}"
