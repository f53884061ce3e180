"""Browse: a gallery of a catalogue, filtered and sorted by what the volunteers saw."""

import math

import streamlit as st

from galaxy_explorer.catalogue import SAMPLE, Catalogue, CatalogueError, filter_galaxies, sort_galaxies
from galaxy_explorer.decision_tree import ANSWER_OF, COLUMNS, QUESTION_OF
from galaxy_explorer.images import ImageError
from galaxy_explorer.views import resources, votes

PAGE_SIZE = 24
ANY = "any answer"
BY_ID, AT_RANDOM = "id", "random"
LEAST_ASKED = 0.3  # of the votes must have reached a question before a share of it says anything


def label(column: str) -> str:
    """Name an answer, or one of the choices beside the answers."""
    if column not in QUESTION_OF:
        return {ANY: "any answer", BY_ID: "galaxy id", AT_RANDOM: "at random"}[column]
    question = QUESTION_OF[column]
    return f"{question.number} · {question.short}: {ANSWER_OF[column].name}"


def choose_source() -> str:
    """Let the visitor choose among the sources, or type in a folder; give the source's name."""
    known = list(resources.sources())
    current = resources.current_source()
    if (asked := st.query_params.get("source", current)) not in known:
        st.warning(f"There is no source called “{asked}” here; these are the galaxies of {_source_label(current)}.")
    place = st.container(horizontal=True, vertical_alignment="bottom")
    source = place.selectbox("Galaxies", known, index=known.index(current), format_func=_source_label, width=320)
    if resources.folders_may_be_typed():
        with place.popover("Open a folder", icon=":material/folder_open:"), st.form("folder", border=False):
            folder = st.text_input("Folder or zip with pictures", placeholder="/data/galaxies", help=FOLDER_HELP)
            if st.form_submit_button("Open") and folder:
                try:
                    source = resources.add_folder(folder)
                except CatalogueError as error:
                    st.error(str(error))
                else:
                    st.session_state["source"] = source
                    st.query_params["source"] = source
                    st.rerun()
    st.session_state["source"] = source
    if source != current:
        st.query_params["source"] = source
    return source


FOLDER_HELP = (
    "The Galaxy Zoo challenge's folder as Kaggle gives it, or any folder or zip of pictures: a file's name without its "
    "ending is the galaxy's id, and a `scores.csv` with the challenge's columns brings the volunteers' votes."
)


def _source_label(name: str) -> str:
    """Name a source for people."""
    return "Bundled sample (nine SDSS galaxies)" if name == SAMPLE else name


def choose_galaxies(catalogue: Catalogue) -> Catalogue:
    """Filter and sort by what the visitor asks for; the choices are part of the page's address."""
    columns = st.columns([4, 4, 4, 4, 3], vertical_alignment="bottom")
    answer = columns[0].selectbox(
        "Filter by answer", [ANY, *COLUMNS], format_func=label, key="answer_filter", bind="query-params"
    )
    as_share = (
        columns[1].segmented_control(
            "Measure", ["share", "fraction"], default="share", required=True, key="measure", bind="query-params",
            help="A share counts a question's own votes, and only galaxies count of which at least 30 % of the votes reached it; "
            "a vote fraction is the share times the votes that reached the question.",
            disabled=answer == ANY,
        )
        == "share"
    )  # fmt: skip
    low, high = columns[2].slider(
        "Between (%)", 0, 100, (0, 100), key="between", bind="query-params", disabled=answer == ANY
    )
    order = columns[3].selectbox(
        "Sort by", [BY_ID, *COLUMNS, AT_RANDOM], format_func=label, key="sort_by", bind="query-params"
    )
    search = columns[4].text_input("Search by id", key="search", bind="query-params", placeholder="100008")
    chosen = catalogue
    if search.strip():
        text = search.strip()
        chosen = chosen.subset([galaxy for galaxy in chosen.ids if text in galaxy])
    if answer != ANY and (as_share or (low, high) != (0, 100)):
        chosen = filter_galaxies(
            chosen, answer, low / 100, high / 100, as_share=as_share, smallest_mass=LEAST_ASKED if as_share else 0.0
        )
    if order == AT_RANDOM:
        seed = st.number_input("Seed", 0, 10**6, 1, key="seed", bind="query-params", width=160)
        return sort_galaxies(chosen, "random", seed=int(seed))
    if order in COLUMNS:
        return sort_galaxies(chosen, order, descending=True)
    return chosen


def show_gallery(source: str, chosen: Catalogue) -> None:
    """Show one page of the gallery; each picture leads to its galaxy."""
    pages = max(1, math.ceil(len(chosen) / PAGE_SIZE))
    page = 1
    if pages > 1:
        page = st.pagination(pages, key="page", bind="query-params")
    ids = chosen.ids[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]
    where = resources.sources()[source]
    with st.container(key="gallery"):
        for galaxy_id in ids:
            with st.container(key=f"tile_{galaxy_id}"):
                try:
                    st.image(resources.galaxy_thumbnail(where, galaxy_id), width="stretch", alt=f"Galaxy {galaxy_id}")
                except (ImageError, OSError) as error:
                    st.caption(f"No picture: {error}")
                st.page_link(
                    "galaxy_explorer/views/galaxy.py",
                    label=galaxy_id,
                    query_params={"source": source, "galaxy": galaxy_id},
                )


def page() -> None:
    """Describe the screen."""
    st.title("Browse galaxies")
    source = choose_source()
    try:
        catalogue = resources.catalogue(source)
    except (CatalogueError, OSError) as error:
        st.error(f"These galaxies cannot be opened: {error}")
        return
    catalogue = votes.choose_votes(source, catalogue)
    chosen = choose_galaxies(catalogue)
    st.session_state["selection"] = (source, chosen.ids)
    st.session_state["browse_address"] = {**st.query_params.to_dict(), "source": source}
    missing = f" {catalogue.missing_pictures:,} more have no picture." if catalogue.missing_pictures else ""
    st.markdown(f"**{len(chosen):,}** of {len(catalogue):,} galaxies.{missing}")
    if len(chosen):
        show_gallery(source, chosen)
    else:
        st.info("No galaxy fits. Widen the range, or choose another answer.", icon=":material/search_off:")
    if catalogue.note:
        st.caption(catalogue.note)
    with st.expander("How to get more galaxies", icon=":material/travel_explore:"):
        st.markdown(MORE)


MORE = f"""
The bundled sample holds nine galaxies, so that everything works offline. Three ways to many more, the first two on the
command line, in the environment that `make` sets up:

- **Galaxy Zoo 2**, some 243,000 galaxies with debiased and weighted votes, from
  [Zenodo](https://zenodo.org/records/3565489) (a download of 3.5 GB):

  ```sh
  python -m galaxy_explorer fetch gz2 --to FOLDER
  ```
- **The Galaxy Zoo challenge**: 61,578 galaxies with votes and 79,975 without, from
  [Kaggle](https://www.kaggle.com/c/galaxy-zoo-the-galaxy-challenge/data) (2.3 GB, with an account that accepts the rules):

  ```sh
  python -m galaxy_explorer fetch kaggle --to FOLDER
  ```
- **Your own pictures**: any folder or zip of JPEG, PNG, TIFF or WebP files.

Then start the app with `GALAXY_EXPLORER_DATA=FOLDER make app`, or open the folder above (offered only while the app
runs on your own machine). {FOLDER_HELP}
"""

page()
