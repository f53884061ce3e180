"""What a class finds: how well it does, in words, and the most likely galaxies."""

import math

import numpy as np
import streamlit as st

from galaxy_explorer.app import paths
from galaxy_explorer.app.query import downloads
from galaxy_explorer.app.query.filters.own_class import ClassRange
from galaxy_explorer.app.query.matching import match_galaxies
from galaxy_explorer.app.query.query import BY_CLASS, BrowseQuery
from galaxy_explorer.app.services import sources
from galaxy_explorer.app.services.collections.collection import Collection
from galaxy_explorer.app.services.collections.ranking import Ranking
from galaxy_explorer.app.ui.skeletons import GALLERY_TILES
from galaxy_explorer.app.ui.tiles import show_tiles
from galaxy_explorer.app.ui.wording import escape_markdown, galaxies_in_words, with_full_stop
from galaxy_explorer.catalogue import Catalogue, argsort_nan_last
from galaxy_explorer.similarity.classifier import FEWEST, MEMBER, Quality

FEW_CALLED = 4  # below which a precision says nothing
QUALITY_HELP = (
    "By cross-validation: the class is learned from four fifths of your marks and judges the rest, in turn. The bounds "
    "are those of a 95 % interval. Your marks are not a random sample: among all galaxies it may do worse."
)


def show_quality(collection: Collection, source: str, found: Ranking) -> None:
    """Draw from how many marks of a collection the class is learned, and how well it does."""
    words = [f"**Learned from {found.yes} yes, {found.no} no.**"]
    left_out = sum(len(collection.ids(source, mark)) for mark in ("yes", "no")) - found.yes - found.no
    if left_out:
        words.append(f"{left_out:,} more are not predicted yet.")
    if not found.no:
        words.append("As long as you mark no galaxy “no”, random galaxies are used instead.")
    words.append(quality_in_words(found.quality, collection.name))
    st.markdown(" ".join(words), help=QUALITY_HELP)


def quality_in_words(quality: Quality | None, name: str) -> str:
    """Return the result of a cross-validation in words that a pupil understands.

    Parameters
    ----------
    quality : Quality or None
        None with too few marks.
    name : str
        What the galaxies are called.
    """
    name = escape_markdown(name)
    if quality is None:
        return f"How well it does is shown from {FEWEST} of each on."
    if quality.called < FEW_CALLED:
        return f"It calls too few of your galaxies “{name}” to tell how well it does."
    low, high = quality.bounds(quality.right, quality.called)
    of_ten = round(10 * quality.precision)
    found = round(10 * quality.recall)
    return (
        f"Of 10 galaxies it calls “{name}”, about {of_ten} are (between {math.floor(10 * low)} and "
        f"{math.ceil(10 * high)}); of 10 that are, it finds about {found}."
    )


def show_found(source: str, catalogue: Catalogue, name: str, found: Ranking, title: str) -> None:
    """Draw the most likely galaxies, to be marked, and the link to all in Browse."""
    members = BrowseQuery(filters=(ClassRange(name, MEMBER),), sort=BY_CLASS, network=found.network)
    matches = match_galaxies(catalogue, members)
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.subheader(title, anchor=False, width="content")
        with st.container(horizontal=True, vertical_alignment="center", width="content", key="members"):
            link = {"source": source, **members.url_params()}
            label = f"All {galaxies_in_words(len(matches.rows))} above {MEMBER:g} in Browse"
            st.page_link(paths.BROWSE, label=label, icon=":material/grid_view:", query_params=link)
            downloads.offer_table(catalogue, members, matches)
    rows = argsort_nan_last(found.scores, descending=True)
    rows = rows[np.isfinite(found.scores[rows])][:GALLERY_TILES]
    ids = catalogue.table.index[rows]
    captions = {galaxy_id: f"{found.scores[row]:.2f}" for galaxy_id, row in zip(ids, rows, strict=True)}
    params = {"source": source} | sources.vote_params(catalogue)
    with st.container(key="found"):
        errors = show_tiles(catalogue, params, captions, "tile_found", judged=name)
    for galaxy_id, error in errors.items():
        st.caption(f"No picture of {escape_markdown(galaxy_id)}: {with_full_stop(error)}")
