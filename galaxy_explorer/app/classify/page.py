"""Find more like these: a class learned from a few galaxies that the visitor judges."""

from pathlib import Path

import streamlit as st

from galaxy_explorer.app import paths, state
from galaxy_explorer.app.classify import class_files, judging, results
from galaxy_explorer.app.services import networks, sources
from galaxy_explorer.app.services.collections import ranking, session
from galaxy_explorer.app.services.collections.collection import Collection
from galaxy_explorer.app.services.embeddings import embeddings_of
from galaxy_explorer.app.state import Key
from galaxy_explorer.app.ui.buttons.heart import await_collections
from galaxy_explorer.app.ui.predicting import offer_predictions
from galaxy_explorer.app.ui.skeletons import GALLERY, waiting
from galaxy_explorer.app.ui.url_params import unknown_params, warn_once
from galaxy_explorer.app.ui.wording import as_sentence, cut, escape_markdown, with_full_stop
from galaxy_explorer.catalogue import Catalogue, CatalogueError
from galaxy_explorer.similarity.class_files import SavedClass

PURPOSE = "Judge ten galaxies at a time. After each round the app has learned what you mean, and finds better ones."
MARK_FIRST = "Press the heart on one galaxy or more of the kind that you look for, and come back."
NETWORK_HELP = "The network whose view of the galaxies is used to find similar ones."


def open_catalogue() -> tuple[str, Catalogue] | None:
    """Open the source of the URL; None, with a message, if it cannot be opened."""
    source = sources.current_source()
    state.shared().source = source
    try:
        with waiting(sources.opening(source), GALLERY):
            return source, sources.catalogue(source)
    except (CatalogueError, OSError) as error:
        st.error(f"These galaxies cannot be opened: {with_full_stop(error)}")
        return None


def choose_network(catalogue: Catalogue) -> str:
    """Draw the choice of a network; by default the one that has predicted most."""
    names = networks.names()
    counts = {name: len(embeddings_of(catalogue, name) or ()) for name in names}
    default = max(names, key=lambda name: counts[name])
    if state.widget(Key.CLASS_NETWORK) not in names:
        state.set_widget(Key.CLASS_NETWORK, default)
    st.segmented_control(
        "Network",
        names,
        format_func=networks.label,
        key=Key.CLASS_NETWORK,
        required=True,
        persist_state="session",
        help=NETWORK_HELP,
        label_visibility="collapsed",
    )
    return state.widget(Key.CLASS_NETWORK)


def has_embeddings(catalogue: Catalogue, network: str) -> bool:
    """Draw what a network has not predicted yet; return whether there is anything to search."""
    found = embeddings_of(catalogue, network)
    if found is None:
        st.markdown("To find similar galaxies, the network must have seen all of them once.")
    elif len(found) < len(catalogue):
        st.caption(f"Searched so far: the {len(found):,} of {len(catalogue):,} galaxies that are predicted.")
    offer_predictions(catalogue, network, embeddings=True)
    return found is not None


def show_class(source: str, catalogue: Catalogue, collection: Collection) -> None:
    """Draw the rounds of judging, and what the class finds."""
    with st.container(horizontal=True, vertical_alignment="center", key="class_row"):
        st.subheader(escape_markdown(collection.name), anchor=False, width="content")
        network = choose_network(catalogue)
        class_files.offer_open()
    if not has_embeddings(catalogue, network):
        return
    marked = len(collection.ids(source))
    if not marked:
        st.info(MARK_FIRST, icon=":material/favorite:")
        st.page_link(
            paths.BROWSE, label="Browse galaxies", icon=":material/grid_view:", query_params={"source": source}
        )
        return
    with st.spinner("Learning …"):
        current = judging.current_round(source, catalogue, collection, network)
        found = ranking.rank(catalogue, current.learned_from, network)
    if found is None:
        st.info("None of your galaxies is predicted yet; wait, or predict them.", icon=":material/hourglass_empty:")
        return
    judging.show_round(catalogue, collection, current, found)
    results.show_quality(current.learned_from, source, found)
    results.show_found(source, catalogue, collection.name, found, "Most likely so far")
    class_files.offer_save(current.learned_from, found)  # marks that are not learned yet are not in it


def show_opened(source: str, catalogue: Catalogue, name: str, saved: SavedClass) -> None:
    """Draw what an opened class finds in the catalogue."""
    with st.container(horizontal=True, vertical_alignment="center", key="class_row"):
        st.subheader(escape_markdown(name), anchor=False, width="content")
        class_files.offer_open()
        class_files.offer_remove(name)
    if problem := ranking.problem_of(saved):
        st.warning(as_sentence(problem), icon=":material/upload_file:")
        return
    marks = f" from {len(saved.marks):,} marks" if saved.marks else ""
    quality = results.quality_in_words(saved.quality, name) if saved.quality else ""
    st.caption(f"A class from a file, learned{marks} with the {networks.label(saved.network)} network. {quality}")
    if not has_embeddings(catalogue, saved.network) or not (found := ranking.rank_by_file(catalogue, saved)):
        return
    results.show_found(source, catalogue, name, found, "Most likely")


def page() -> None:
    """Draw the page."""
    st.html(Path(__file__).with_name("classify.css"))
    st.page_link(paths.COLLECTIONS, label="Collections", icon=":material/arrow_back:")
    st.title("Find more like these", anchor=False)
    warn_once([*unknown_params(("source", "votes", "name")), *sources.unknown_source()])
    st.markdown(PURPOSE)
    class_files.show_message()
    kept = await_collections()
    session.watch()
    if (opened := open_catalogue()) is None:
        return
    name = st.query_params.get("name") or kept.chosen
    if saved := ranking.opened_class(name):
        show_opened(*opened, name, saved)
        return
    if kept.all and name not in kept.names:
        st.warning(f"You have no collection and no opened class of the name “{escape_markdown(cut(name))}”.")
    show_class(*opened, kept.get(name))


page()
