"""Browse: a gallery of a catalogue, filtered and sorted by what the volunteers saw."""

from dataclasses import replace

import streamlit as st

from galaxy_explorer.app.browse import controls, gallery
from galaxy_explorer.app.browse.matching import pick
from galaxy_explorer.app.browse.query import IN_ADDRESS
from galaxy_explorer.app.services import sources
from galaxy_explorer.app.services.local_paths import may_be_typed
from galaxy_explorer.app.services.selection import Selection
from galaxy_explorer.app.services.sources import unknown_source, unknown_votes
from galaxy_explorer.app.ui import live_sdss, vote_kind
from galaxy_explorer.app.ui.skeletons import GALLERY, waiting
from galaxy_explorer.app.ui.url_params import left_out, say_once, unknown_names
from galaxy_explorer.app.ui.wording import ended, escaped, galaxies_in_words
from galaxy_explorer.catalogue import SAMPLE, Catalogue, CatalogueError, draw_named


def choose_source() -> str:
    """Let the visitor choose among the sources, or type in a folder; give the source's name."""
    known = list(sources.sources())
    current = sources.current_source()
    place = st.container(horizontal=True, vertical_alignment="bottom", width="content", key="source")
    st.session_state["source_choice"] = source = current
    place.selectbox(
        "Galaxies", known, format_func=sources.source_label, key="source_choice", on_change=change_source,
        label_visibility="collapsed", width=260,
    )  # fmt: skip
    if may_be_typed():
        with place.popover("Open a folder", icon=":material/folder_open:"), st.form("folder", border=False):
            folder = st.text_input("Folder or zip with pictures", placeholder="/data/galaxies", help=FOLDER_HELP)
            if st.form_submit_button("Open") and folder.strip():
                try:
                    source = sources.add_folder(folder)
                except (ValueError, OSError) as error:
                    st.error(f"This cannot be opened: {ended(error)}")
                else:
                    st.session_state["source"] = source
                    st.query_params["source"] = source
                    st.rerun()
    with place:
        live_sdss.choose_draw(source)
    st.session_state["source"] = source
    return source


def change_source() -> None:
    """Go to another source with the same filters and order."""
    view, _ = controls.asked_view()
    view = replace(view, search="", page=1)
    sources.turn_to(st.session_state["source_choice"], **view.address())


FOLDER_HELP = (
    "The Galaxy Zoo challenge's folder as Kaggle gives it, or any folder or zip of pictures: a file's name without its "
    "ending is the galaxy's id, and a `scores.csv` with the challenge's columns brings the volunteers' votes. Where you "
    "have added pictures or votes, open it again."
)


def restore_view() -> None:
    """Come back to the last view when Browse is opened from another page's menu, which leaves the address empty.

    On Browse itself an empty address is one that the Back button has brought back, and stays.
    """
    came_from_elsewhere = st.session_state.pop("was_elsewhere", False)
    last = st.session_state.get("browse_address", {})
    if came_from_elsewhere and not st.query_params and len(last) > 1:  # beside the source, which the session keeps
        st.query_params.from_dict(last)
    if "votes" not in st.query_params:
        sources.show_usual_votes()


def page() -> None:
    """Describe the screen."""
    restore_view()
    wrong = unknown_source()
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", key="head"):
        st.title("Browse galaxies", width="content")
        source = choose_source()
    try:
        with waiting(sources.opening(source), GALLERY):
            catalogue = sources.catalogue(source)
    except (CatalogueError, OSError) as error:
        st.error(f"These galaxies cannot be opened: {ended(error)}")
        live_sdss.show_way_on(source)
        return
    vote_kind.choose_votes(source, catalogue)
    view, complaints = controls.asked_view()
    picked = pick(catalogue, view)
    found, (shown, pages) = len(picked.rows), gallery.page_of(view, len(picked.rows))
    if found and shown != view.page:
        complaints.append(f"There is no page {view.page:,}; this is the last one, {pages:,}.")
    if view.network and view.network != picked.network and picked.networks:
        known = picked.networks
        complaints.append(
            left_out("network", view.network, f"no network with predictions of {escaped(catalogue.name)}", known)
        )
    say_once([*wrong, *unknown_names(IN_ADDRESS), *unknown_votes(), *complaints])
    controls.choose_ready_made(catalogue, view)
    controls.choose_view(catalogue, view, picked)
    controls.show_chips(view)
    st.session_state["selection"] = Selection(source, picked.rows, len(catalogue))
    st.session_state["browse_address"] = {"source": source, **view.address(), **sources.votes_in_address(catalogue)}
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", key="count"):
        missing = f" {catalogue.missing_pictures:,} more have no picture." if catalogue.missing_pictures else ""
        st.markdown(f"**{found:,}** of {len(catalogue):,} galaxies.{missing}", width="content")
        gallery.show_pages(view, found, "above")
    controls.explain_view(catalogue, view, picked)
    if not found:
        gallery.show_nothing(catalogue, view)
    else:
        gallery.show_gallery(source, catalogue, view, picked)
        with st.container(
            horizontal=True, horizontal_alignment="center", vertical_alignment="bottom", key="more_pages"
        ):
            gallery.show_pages(view, found, "below")
    if catalogue.note:
        st.caption(escaped(catalogue.note))
    with st.expander("How to get more galaxies", icon=":material/travel_explore:"):
        st.markdown(f"{what_is_open(catalogue)} {MORE}")


def what_is_open(catalogue: Catalogue) -> str:
    """Say what the open catalogue holds, where ways to more are shown."""
    count = galaxies_in_words(len(catalogue))
    if catalogue.name == SAMPLE:
        return f"The bundled sample holds {count}, so that everything works offline."
    if draw_named(catalogue.name):
        return f"These {count} are a draw from Live SDSS; “Ask for others”, above, makes another."
    voted = int(catalogue.votes.known.sum())
    kind = "volunteers voted on all of them" if voted == len(catalogue) else f"volunteers voted on {voted:,} of them"
    return f"The catalogue that is open, {escaped(catalogue.name)}, holds {count}; {kind}."


MORE = f"""
Four ways to more, the second and third on the command line, in the environment that `make` sets up:

- **Live SDSS**, above: up to 1,000 galaxies of Galaxy Zoo 2 at a time, with their votes, over the internet. Nothing
  needs to be downloaded before.
- **Galaxy Zoo 2**, some 240,000 galaxies with debiased and weighted votes, from
  [Zenodo](https://zenodo.org/records/3565489) (a download of 3.5 GB):

  ```sh
  python -m galaxy_explorer fetch gz2 --to FOLDER
  ```
- **The Galaxy Zoo challenge**: 61,578 galaxies with votes and 79,975 without, from
  [Kaggle](https://www.kaggle.com/c/galaxy-zoo-the-galaxy-challenge/data) (2.3 GB, with an account that accepts the rules):

  ```sh
  python -m galaxy_explorer fetch kaggle --to FOLDER
  ```
- **Your own pictures**: any folder or zip of JPEG, PNG, TIFF, WebP or FITS files.

Then start the app with `GALAXY_EXPLORER_DATA=FOLDER make app`, or open the folder above (offered only while the app
runs on your own machine). {FOLDER_HELP}
"""

page()
