"""Similar galaxies: nearest neighbours in a catalogue, by a network's embeddings."""

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from galaxy_explorer.app import state
from galaxy_explorer.app.panel.selected_answer import asked_answer
from galaxy_explorer.app.panel.shown_galaxy import ShownGalaxy
from galaxy_explorer.app.services import sources
from galaxy_explorer.app.services.answers import answers_of
from galaxy_explorer.app.services.embeddings import embeddings_of
from galaxy_explorer.app.services.networks import label
from galaxy_explorer.app.services.result_cache import catalogue_result
from galaxy_explorer.app.state import Key
from galaxy_explorer.app.ui.predicting import offer_predictions
from galaxy_explorer.app.ui.tiles import show_tiles
from galaxy_explorer.app.ui.wording import escape_markdown, with_full_stop
from galaxy_explorer.catalogue import SAMPLE, SIMULATED, Catalogue, CatalogueError
from galaxy_explorer.decision_tree import COLUMNS, kind_of
from galaxy_explorer.prediction import Embeddings
from galaxy_explorer.similarity import Neighbours

COUNT = 12
HEADING = "**Similar galaxies**"
MEANING = (
    "Galaxies that look alike to the **{label}** network: it reduces each picture to {width} numbers, its embedding, "
    "and these have the nearest ones, the most similar first. It was trained to see what the volunteers are asked: "
    "shape, arms, bar, bulge. Orientation hardly counts."
)


@st.fragment
def show_similar(galaxy: ShownGalaxy, network: str) -> None:
    """Draw the galaxies that are most similar to one, in a catalogue of the visitor's choice.

    Parameters
    ----------
    galaxy : ShownGalaxy
        From a catalogue, an upload or the sky.
    network : str
        The network whose embeddings count.
    """
    with st.container(key="similar"):
        with st.container(key="similar_head", horizontal=True, vertical_alignment="center"):
            heading = st.container(horizontal=True, vertical_alignment="center", width="content")
            source = _choose_source(network)
        try:
            catalogue = sources.catalogue(source)
            embeddings = embeddings_of(catalogue, network)
            width = embeddings.vectors.shape[1] if embeddings else 0
            heading.markdown(HEADING, width="content")
            if width:
                with heading.popover("What counts?", type="tertiary", icon=":material/help:"):
                    st.markdown(MEANING.format(label=label(network), width=width))
            if embeddings:
                _show_nearest(galaxy, source, catalogue, embeddings)
            else:
                _explain_none(source, network)
        except (CatalogueError, OSError) as error:
            st.caption(f"The galaxies cannot be opened: {with_full_stop(error)}")
            return
        offer_predictions(catalogue, network, embeddings=True)


def _choose_source(network: str) -> str:
    """Return the source whose galaxies are compared; draw a choice if several have embeddings."""
    current, mine = sources.current_source(), state.panel()
    embedded = [name for name in sources.sources() if _has_embeddings(name, network)]
    offered = list(dict.fromkeys([current, *embedded]))
    if len(offered) == 1:
        return current
    # Simulated galaxies always have embeddings; they are offered first next to the sample alone, which has few.
    real = [name for name in embedded if name != SIMULATED]
    instead = SIMULATED if current == SAMPLE else current
    default = current if current in embedded else next(iter(real), instead)
    state.set_widget(Key.SIMILAR_SOURCE, mine.similar_source if mine.similar_source in offered else default)

    def choose() -> None:
        mine.similar_source = state.widget(Key.SIMILAR_SOURCE)

    box: dict[str, Any] = {"label_visibility": "collapsed", "format_func": sources.source_label, "width": 260}
    return st.selectbox("Find similar galaxies in", offered, key=Key.SIMILAR_SOURCE, on_change=choose, **box)


def _has_embeddings(source: str, network: str) -> bool:
    """Return whether a source is open and has embeddings; the simulated one is opened."""
    catalogue = sources.catalogue(source) if source == SIMULATED else sources.catalogue_if_open(source)
    return catalogue is not None and embeddings_of(catalogue, network) is not None


def find_similar(
    galaxy: ShownGalaxy, catalogue: Catalogue, embeddings: Embeddings, count: int = COUNT
) -> tuple[np.ndarray, np.ndarray]:
    """Return rows and distances of the galaxies most similar to one, except for itself."""
    # The embeddings are the same object until there are more, whose search replaces that of the former ones.
    latest: dict[Embeddings, Neighbours] = catalogue_result(catalogue, ("neighbours", embeddings.network), dict)
    search = latest.get(embeddings)
    if search is None:
        search = Neighbours(embeddings)
        latest.clear()
        latest[embeddings] = search
    itself = int(catalogue.table.index.get_indexer(pd.Index([galaxy.galaxy_id]))[0])  # -1 if it is not in the catalogue
    return search.nearest(galaxy.embedding(embeddings.network), count, exclude=itself)


def _show_nearest(galaxy: ShownGalaxy, source: str, catalogue: Catalogue, embeddings: Embeddings) -> None:
    """Draw the nearest galaxies as tiles, each with its kind in words."""
    rows, _ = find_similar(galaxy, catalogue, embeddings)
    if not len(rows):
        st.caption("There is no other galaxy here yet.")
        return
    kinds, predicted = _kinds(catalogue, rows, embeddings.network)
    captions = dict(zip(catalogue.table.index[rows], kinds, strict=True))
    answer = {"answer": answer} if (answer := asked_answer()) else {}
    params = {"source": source, "network": embeddings.network} | answer | sources.vote_params(catalogue)
    with st.container(key="examples_similar"):
        errors = show_tiles(catalogue, params, captions, "tile_similar")
    for galaxy_id, error in errors.items():
        st.caption(f"No picture of {escape_markdown(galaxy_id)}: {with_full_stop(error)}")
    if predicted:
        st.caption(f"Galaxies without votes are named by predictions of the {label(embeddings.network)} network.")


def _kinds(catalogue: Catalogue, rows: np.ndarray, network: str) -> tuple[list[str], bool]:
    """Return kinds in words, by votes or else by predictions, and whether any is by these."""
    fractions = catalogue.table.iloc[rows][list(COLUMNS)].to_numpy(dtype=float, copy=True)
    unvoted = ~np.isfinite(fractions).any(axis=1)
    if unvoted.any():
        fractions[unvoted] = answers_of(catalogue, network).fractions_of(rows[unvoted])
    return [kind_of(values) for values in fractions], bool(np.isfinite(fractions[unvoted]).any())


def _explain_none(source: str, network: str) -> None:
    """Explain why there are no similar galaxies yet."""
    named = escape_markdown(sources.source_label(source))
    st.caption(f"To compare pictures, the {label(network)} network must have predicted those of “{named}” once.")
