"""Galaxy: one galaxy of a catalogue, at ``?source=NAME&galaxy=ID``."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from galaxy_explorer.app import paths, state
from galaxy_explorer.app.galaxy.heading import show_heading, title_of
from galaxy_explorer.app.panel import panel, shown_galaxy
from galaxy_explorer.app.panel.selected_answer import asked_answer, selected_answer
from galaxy_explorer.app.services import networks, sources
from galaxy_explorer.app.services.selection import Selection
from galaxy_explorer.app.services.sources import unknown_votes
from galaxy_explorer.app.state import GalaxyUrl, Key
from galaxy_explorer.app.ui.buttons.copy_button import copy_button
from galaxy_explorer.app.ui.crop_tool import FOUND, CroppedPicture, show_crop_row, show_square
from galaxy_explorer.app.ui.skeletons import PAGE, PANEL, waiting
from galaxy_explorer.app.ui.url_params import ignored_param_message, replace_history, unknown_params, warn_once
from galaxy_explorer.app.ui.wording import cut, escape_markdown, listed, with_full_stop
from galaxy_explorer.catalogue import Catalogue, CatalogueError
from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.images import ImageError

STYLE = Path(__file__).with_name("galaxy.css")


def neighbours(source: str, catalogue: Catalogue, galaxy_id: str) -> tuple[str | None, str | None, str]:
    """Return previous and next galaxy, and the position, in Browse's selection or the catalogue."""
    everything = Selection(source, np.arange(len(catalogue)), len(catalogue))
    for selection in (state.shared().selection, everything):
        if selection and selection.source == source and (found := selection.neighbours(catalogue, galaxy_id)):
            before, after, position = found
            return before, after, f"{position:,} of {len(selection.rows):,}"
    raise CatalogueError(f"galaxy {galaxy_id!r} is not among the {len(catalogue)} of {catalogue.name}: check the id")


def open_neighbour(source: str, catalogue: Catalogue, step: int) -> None:
    """Open the previous or the next galaxy, with a clean URL that keeps what the visitor chose.

    Relative to the last *requested* galaxy: clicks can outrun reruns.
    """
    before, after, _ = neighbours(source, catalogue, state.galaxy().galaxy_id)
    galaxy_id = before if step < 0 else after
    if galaxy_id is None:
        return
    state.galaxy().galaxy_id = galaxy_id
    network, answer = st.query_params.get("network"), asked_answer()
    kept = {"network": network} if network in networks.networks() else {}
    kept |= {"answer": answer} if answer else {}
    votes = sources.vote_params(sources.catalogue(source))
    st.query_params.from_dict({"source": source, "galaxy": galaxy_id} | kept | votes)


def show_navigation(source: str, catalogue: Catalogue, galaxy_id: str) -> DeltaGenerator:
    """Draw the links to the gallery and the neighbours, and return the slot of the permalink."""
    before, after, position = neighbours(source, catalogue, galaxy_id)
    last = state.browse().url_params
    query = {name: value for name, value in last.items() if name != "votes"} if last.get("source") == source else {}
    params = {"source": source} | query | sources.vote_params(catalogue)
    with st.container(key="way", horizontal=True, vertical_alignment="center"):
        if state.browse().on_map:
            st.page_link(paths.MAP, label="Map", icon=":material/scatter_plot:", query_params=params)
        else:
            st.page_link(paths.BROWSE, label="Gallery", icon=":material/grid_view:", query_params=params)
        for label, other, step in (("Previous", before, -1), ("Next", after, 1)):
            action: dict[str, Any] = {
                "on_click": open_neighbour,
                "args": (source, catalogue, step),
                "disabled": other is None,
            }
            st.button(label, type="tertiary", shortcut=label[0], **action)
        st.caption(position, width="content")
        here = sources.simulated_parameters(catalogue, galaxy_id) or {"source": source, "galaxy": galaxy_id}
        st.page_link(paths.WORKBENCH, label="Change it", icon=":material/tune:", query_params=here)
        voted = {"source": source, "galaxy": galaxy_id} | sources.vote_params(catalogue)
        st.page_link(paths.VOTE, label="Vote", icon=":material/how_to_vote:", query_params=voted)
        return st.container(width="content")


def show_error(message: str, source: str | None = None) -> None:
    """Draw why there is no galaxy to show, with links to the ways to one."""
    st.error(message, icon=":material/travel_explore:")
    with st.container(horizontal=True):
        params = {"source": source} if source else None
        st.page_link(paths.BROWSE, label="Browse galaxies", icon=":material/grid_view:", query_params=params)
        st.page_link(paths.UPLOAD, label="Upload a picture", icon=":material/upload:")


def open_requested() -> tuple[str, Catalogue, str] | None:
    """Open the galaxy of the URL: source, catalogue and id; None, with a message, without one."""
    source = sources.current_source()
    requested = st.query_params.get("source", source)
    if requested != source:
        st.title("No such galaxies")
        show_error(f"There is no source “{escape_markdown(cut(requested))}” here. Choose one in Browse.")
        return None
    try:
        with waiting(sources.opening(source), PAGE):
            catalogue = sources.catalogue(source)
    except (CatalogueError, OSError) as error:
        st.title("No galaxies")
        show_error(f"These galaxies cannot be opened: {with_full_stop(error)}")
        return None
    galaxy_id = st.query_params.get("galaxy")
    if galaxy_id is None:  # opened from the menu
        galaxy_id = state.galaxy().galaxy_id
        galaxy_id = galaxy_id if galaxy_id in catalogue else catalogue.ids[0]
    if galaxy_id not in catalogue:  # copied with blanks around it
        galaxy_id = galaxy_id.strip()
    if galaxy_id not in catalogue:
        st.title("No such galaxy")
        among = f"among the {len(catalogue):,} of {escape_markdown(sources.source_label(source))}"
        show_error(f"There is no galaxy “{escape_markdown(cut(galaxy_id))}” {among}.", source)
        return None
    return source, catalogue, galaxy_id


def current_url() -> GalaxyUrl:
    """Return the URL parameters of the page."""
    return GalaxyUrl(*(st.query_params.get(name) for name in GalaxyUrl._fields))


def read_url() -> None:
    """Set network and answer by the URL."""
    url = current_url()
    if url.network in networks.networks():
        state.set_widget(Key.NETWORK, url.network)
    state.panel().requested_answer = url.answer


def write_url(params: dict[str, str], arrived: bool) -> None:
    """Write the whole state of the page into the URL once the visitor changes anything.

    The script of `replace_history` makes this replace the entry of the browser's history, so that one press of Back
    leaves the galaxy. On arrival the script may not run yet, and the URL stays as it is.
    """
    if not arrived and st.query_params.to_dict() != params:
        st.query_params.from_dict(params)
    state.galaxy().url = current_url()


def url_messages() -> list[str]:
    """Return messages about URL parameters that are ignored."""
    messages = [*unknown_params(("source", "votes", *GalaxyUrl._fields)), *unknown_votes()]
    url, names = current_url(), networks.networks()
    if url.network is not None and names and url.network not in names:
        messages.append(ignored_param_message("network", url.network, listed(names, "or")))
    if url.answer is not None and url.answer not in COLUMNS:
        messages.append(ignored_param_message("answer", url.answer, f"a column from {COLUMNS[0]} to {COLUMNS[-1]}"))
    return messages


def show_permalink(slot: DeltaGenerator, params: dict[str, str]) -> None:
    """Draw the button that copies the permalink of what is shown."""
    with slot:
        link = f"{st.context.url or ''}?{urlencode(params)}"
        copy_button(Key.COPY_LINK, link, "Copy link", "Copy link to this galaxy, network and answer", "Link copied")


def show_crop(source: str, galaxy_id: str, shown: CroppedPicture) -> Callable[[str], None]:
    """Draw what was done to a picture; return what draws the square to drag, for a network."""
    if not shown.finding.changed and shown.crop == FOUND:
        return lambda network: None
    choose = partial(state.galaxy().crops.__setitem__, (source, galaxy_id))
    popover = show_crop_row(shown, choose)

    def fill(network: str) -> None:
        with popover:
            show_square(shown, networks.cards()[network].crop, choose)

    return fill


def page() -> None:
    """Draw the page."""
    if state.shared().arrived:
        state.galaxy().url = None
    st.html(STYLE)
    replace_history()
    if (opened := open_requested()) is None:
        return
    source, catalogue, galaxy_id = opened
    messages_slot = st.empty()
    state.shared().source = source
    state.galaxy().galaxy_id = galaxy_id
    title = title_of(catalogue, galaxy_id)
    st.set_page_config(page_title=f"{title or f'Galaxy {galaxy_id}'} · Galaxy Explorer")
    link_slot = show_navigation(source, catalogue, galaxy_id)
    with st.container(key="heading", horizontal=True, vertical_alignment="center"):
        with st.container(width="stretch", gap="xsmall"):
            show_heading(catalogue, galaxy_id, title)
        network_slot = st.container(width="content")
    try:
        with waiting("Opening the picture …", PANEL):
            crop = state.galaxy().crops.get((source, galaxy_id), FOUND)
            shown = shown_galaxy.cropped_picture(source, galaxy_id, crop)
            galaxy = replace(shown_galaxy.galaxy_of(source, galaxy_id, shown), title=title)
    except (CatalogueError, ImageError, OSError) as error:
        show_error(
            f"The picture of galaxy {escape_markdown(galaxy_id)} cannot be read: {with_full_stop(error)}", source
        )
        return
    fill_crop = show_crop(source, galaxy_id, shown)
    arrived = current_url() != state.galaxy().url  # by a link or the Back button

    def choose_network() -> str | None:
        with messages_slot:
            warn_once(url_messages())
        if arrived:
            read_url()
        with network_slot:
            network = panel.choose_network()
        if network:
            fill_crop(network)
        return network

    if network := panel.show(galaxy, choose_network):
        params = {"source": source, "galaxy": galaxy_id, "network": network, "answer": selected_answer()}
        params |= sources.vote_params(catalogue)
        write_url(params, arrived)
        show_permalink(link_slot, params)


page()
