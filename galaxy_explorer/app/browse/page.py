"""Browse: a gallery of a catalogue, filtered and sorted by answers."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import streamlit as st

from galaxy_explorer.app import paths, state
from galaxy_explorer.app.query import controls, downloads, explanations, gallery
from galaxy_explorer.app.query.binding import choose_source, read_url_with_collections, restore_query
from galaxy_explorer.app.query.matching import Matches, match_galaxies
from galaxy_explorer.app.query.query import URL_PARAMS, BrowseQuery
from galaxy_explorer.app.services import answers, sources
from galaxy_explorer.app.services.local_paths import may_open_paths
from galaxy_explorer.app.services.selection import Selection
from galaxy_explorer.app.services.sources import unknown_source, unknown_votes
from galaxy_explorer.app.state import Key
from galaxy_explorer.app.ui import live_sdss
from galaxy_explorer.app.ui.buttons.kept_votes import await_votes
from galaxy_explorer.app.ui.skeletons import GALLERY, waiting
from galaxy_explorer.app.ui.url_params import ignored_param_message, unknown_params, warn_once
from galaxy_explorer.app.ui.wording import escape_markdown, galaxies_in_words, listed, with_full_stop
from galaxy_explorer.catalogue import SAMPLE, SIMULATED, Catalogue, CatalogueError, draw_named
from galaxy_explorer.prediction import cached

FEW = 50  # galaxies; with fewer, ways to more are shown above the gallery
PURPOSE = "Press one to see what {voters} and the networks say about it."
PURPOSE_WITHOUT_VOTES = "Press one to see what the networks predict for it."
FOLDER_HELP = (
    "The folder of the Galaxy Zoo challenge as Kaggle has it, or any folder or zip of pictures. A file's name without "
    "its ending is the galaxy's id; a `scores.csv` with the challenge's columns adds the volunteers' votes. Open it "
    "again after adding pictures or votes."
)


def offer_folder() -> None:
    """Draw the form that opens a folder as a source, if the visitor may open paths."""
    if not may_open_paths():
        return
    with st.popover("Open a folder", icon=":material/folder_open:", type="tertiary"), st.form("folder", border=False):
        folder = st.text_input("Folder or zip with pictures", placeholder="/data/galaxies", help=FOLDER_HELP)
        if not st.form_submit_button("Open folder") or not folder.strip():
            return
        try:
            source = sources.add_folder(folder)
        except (ValueError, OSError) as error:
            st.error(f"This cannot be opened: {with_full_stop(error)}")
        else:
            live_sdss.open_source(source)
            st.rerun()


def with_answers(catalogue: Catalogue, query: BrowseQuery) -> tuple[BrowseQuery, list[str]]:
    """Return the query with answers that the catalogue has; a message if the URL named others.

    They are in every URL from here on, unless they are the volunteers': a link gives the same galaxies elsewhere.
    """
    options = answers.choices(catalogue)
    options += [tables.network for tables in cached.tables_of(catalogue)] if query.answers not in ("", *options) else []
    messages = []
    if query.answers not in ("", *options):
        expected = f"one of these: {listed(list(dict.fromkeys(options)), 'or')}"
        messages.append(ignored_param_message("answers", query.answers, expected))
        query = replace(query, answers="")
    name = query.answers or answers.default_answers(catalogue)
    if not query.answers and name != answers.VOLUNTEERS and query.network in options:
        name = query.network  # a link of an earlier version
    return replace(query, answers="" if name == answers.VOLUNTEERS else name), messages


def url_messages(catalogue: Catalogue, query: BrowseQuery, matches: Matches) -> list[str]:
    """Return messages about values in the URL that this catalogue does not have."""
    messages = []
    last, _ = gallery.page_of(query, len(matches.rows))
    if len(matches.rows) and last != query.page:
        messages.append(f"There is no page {query.page:,}; the last page, {last:,}, is shown.")
    if query.network and query.network != matches.network and matches.networks and not matches.answers.network:
        names = listed([*matches.networks], "or")
        messages.append(ignored_param_message("network", query.network, f"a network with predictions: {names}"))
    return messages


def show_count(catalogue: Catalogue, query: BrowseQuery, found: int) -> None:
    """Draw how many galaxies match, what they are for, ways to more, and the page numbers."""
    kind = "built-in " if catalogue.name == SAMPLE else "simulated " if catalogue.simulated else ""
    count = f"**{found:,}** of {len(catalogue):,} {kind}galaxies."
    if found == len(catalogue):
        voters = "simulated volunteers" if catalogue.simulated else "volunteers"
        purpose = PURPOSE.format(voters=voters) if catalogue.votes.known.any() else PURPOSE_WITHOUT_VOTES
        count = f"**{found:,} {kind}{'galaxy' if found == 1 else 'galaxies'}.** {purpose}"
    missing = f" {catalogue.missing_pictures:,} more have no picture." if catalogue.missing_pictures else ""
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", key="count"):
        st.markdown(count + missing, width="content")
        with st.container(horizontal=True, vertical_alignment="center", width="content", key="more_galaxies"):
            live_sdss.choose_draw(catalogue.source)
            is_small = len(catalogue) < FEW and not draw_named(catalogue.source)
            if is_small and catalogue.name == SAMPLE:
                simulated = f"See {len(sources.open_source(SIMULATED))} simulated"
                st.page_link(
                    paths.BROWSE, label=simulated, icon=":material/blur_on:", query_params={"source": SIMULATED}
                )
            if is_small:
                live_sdss.offer_live("See 300 live from SDSS", "see_live")
            offer_folder()
            if is_small:
                st.page_link(paths.UPLOAD, label="Upload a picture", icon=":material/upload:")
        gallery.show_pages(query, found, Key.PAGES_ABOVE)


def describe_catalogue(catalogue: Catalogue) -> str:
    """Describe the open catalogue, as an introduction to ways to more galaxies."""
    count = galaxies_in_words(len(catalogue))
    if catalogue.name == SAMPLE:
        return f"The app has {count} built in, so that everything works offline, and hundreds of simulated galaxies."
    if catalogue.name == SIMULATED:
        return f"These {count} were computed; the other sources in the list at the top are real."
    if draw_named(catalogue.name):
        return f"These {count} are drawn live from SDSS; “Draw other galaxies”, above, draws others."
    voted = int(catalogue.votes.known.sum())
    votes = "all of them with votes" if voted == len(catalogue) else f"{voted:,} of them with votes"
    return f"The open catalogue, {escape_markdown(catalogue.name)}, has {count}, {votes}."


def show_below(source: str, catalogue: Catalogue, query: BrowseQuery, matches: Matches) -> None:
    """Draw what can be done with all galaxies that match."""
    voted = {"source": source, "of": "selection"} | sources.vote_params(catalogue)
    st.page_link(paths.VOTE, label="Vote on these", icon=":material/how_to_vote:", query_params=voted)
    downloads.offer_table(catalogue, query, matches)


def page() -> None:
    """Draw the page."""
    restore_query()
    messages = unknown_source()
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", key="head"):
        st.title("Browse galaxies", width="content")
        source = choose_source()
    try:
        with waiting(sources.opening(source), GALLERY):
            catalogue = sources.catalogue(source)
    except (CatalogueError, OSError) as error:
        st.error(f"These galaxies cannot be opened: {with_full_stop(error)}")
        live_sdss.offer_alternatives(source)
        offer_folder()
        return
    query, ignored = read_url_with_collections()
    if query.answers == answers.OURS and answers.OURS not in answers.choices(catalogue):
        await_votes()
    query, unknown = with_answers(catalogue, query)
    matches = match_galaxies(catalogue, query)
    ignored += unknown + url_messages(catalogue, query, matches)
    warn_once([*messages, *unknown_params(URL_PARAMS), *unknown_votes(), *ignored])
    state.shared().selection = Selection(source, matches.rows, len(catalogue))
    state.browse().url_params = {"source": source, **query.url_params(), **sources.vote_params(catalogue)}
    state.browse().on_map = False
    controls.show_controls(catalogue, query, matches)
    controls.show_chips(query, matches.answers)
    show_count(catalogue, query, len(matches.rows))
    explanations.explain_query(catalogue, query, matches)
    gallery.show_gallery(source, catalogue, query, matches, partial(show_below, source, catalogue, query, matches))
    if catalogue.note:
        st.caption(escape_markdown(catalogue.note))
    with st.expander("How to get more galaxies", icon=":material/travel_explore:"):
        more = Path(__file__).with_name("more_galaxies.md").read_text(encoding="utf-8")
        st.markdown(f"{describe_catalogue(catalogue)} {more}\n{FOLDER_HELP}")


page()
