"""Galaxy: one galaxy of a catalogue, at ``?source=NAME&galaxy=ID``."""

from urllib.parse import urlencode

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from galaxy_explorer.app.panel import panel, shown_galaxy
from galaxy_explorer.app.panel.selected_answer import chosen_answer
from galaxy_explorer.app.services import networks as services_networks
from galaxy_explorer.app.services import sources
from galaxy_explorer.app.services.selection import Selection
from galaxy_explorer.app.services.sources import unknown_votes
from galaxy_explorer.app.ui import vote_kind
from galaxy_explorer.app.ui.skeletons import PAGE, PANEL, waiting
from galaxy_explorer.app.ui.survey_links import links_out
from galaxy_explorer.app.ui.url_params import left_out, say_once, unknown_names
from galaxy_explorer.app.ui.wording import cut, ended, escaped
from galaxy_explorer.catalogue import Catalogue, CatalogueError
from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.images import ImageError

BROWSE, UPLOAD = "galaxy_explorer/app/browse/page.py", "galaxy_explorer/app/upload/page.py"

ADDRESS = ("galaxy", "network", "answer")  # what of the address the page heeds, beside the source and the votes


def neighbours(source: str, catalogue: Catalogue, galaxy_id: str) -> tuple[str | None, str | None, str]:
    """Find the galaxies before and after this one, and say where it stands: in Browse's selection, or among all."""
    everything = Selection(source, np.arange(len(catalogue)), len(catalogue))
    for selection in (st.session_state.get("selection"), everything):
        if selection and selection.source == source and (found := selection.neighbours(catalogue, galaxy_id)):
            before, after, place = found
            return before, after, f"{place:,} of {len(selection.rows):,}"
    raise CatalogueError(f"galaxy {galaxy_id!r} is not among the {len(catalogue)} of {catalogue.name}: check the id")


def go_on(source: str, catalogue: Catalogue, step: int) -> None:
    """Turn to the galaxy before or after; what was misspelt in the address stays behind.

    That is counted from the galaxy turned to last, which may not be drawn yet: people press faster than pages are drawn.
    """
    before, after, _ = neighbours(source, catalogue, st.session_state["galaxy"])
    galaxy_id = before if step < 0 else after
    if galaxy_id is None:
        return
    st.session_state["galaxy"] = galaxy_id
    network = st.query_params.get("network")
    kept = {"network": network} if network in services_networks.networks() else {}
    votes_shown = sources.votes_in_address(sources.catalogue(source))
    st.query_params.from_dict({"source": source, "galaxy": galaxy_id} | kept | votes_shown)


def show_way(source: str, catalogue: Catalogue, galaxy_id: str) -> DeltaGenerator:
    """Show the way back to the gallery, and to the galaxies beside this one; give the place for the link."""
    before, after, place = neighbours(source, catalogue, galaxy_id)
    last = st.session_state.get("browse_address", {})
    kept = {name: part for name, part in last.items() if name != "votes"} if last.get("source") == source else {}
    gallery = {"source": source} | kept | sources.votes_in_address(catalogue)
    with st.container(key="way", horizontal=True, vertical_alignment="center"):
        st.page_link(BROWSE, label="Gallery", icon=":material/grid_view:", query_params=gallery)
        for label, other, step in (("Previous", before, -1), ("Next", after, 1)):
            st.button(
                label, on_click=go_on, args=(source, catalogue, step), disabled=other is None, type="tertiary",
                shortcut=label[0],
            )  # fmt: skip
        st.caption(place, width="content")
        return st.container(width="content")


def lead_on(why: str, source: str | None = None) -> None:
    """Say why there is nothing to show, and lead on."""
    st.error(why, icon=":material/travel_explore:")
    with st.container(horizontal=True):
        address = {"source": source} if source else None
        st.page_link(BROWSE, label="Browse galaxies", icon=":material/grid_view:", query_params=address)
        st.page_link(UPLOAD, label="Upload a picture", icon=":material/upload:")


def open_asked() -> tuple[str, Catalogue, str] | None:
    """Find the galaxy that the address asks for: source, catalogue and id; None where there is none, which is said."""
    source = sources.current_source()
    asked = st.query_params.get("source", source)
    galaxy_id = st.query_params.get("galaxy")
    if asked != source:
        st.title("No such galaxies")
        lead_on(f"There is no source called “{escaped(cut(asked))}” here. Choose one in Browse.")
        return None
    try:
        with waiting(sources.opening(source), PAGE):
            catalogue = sources.catalogue(source)
    except (CatalogueError, OSError) as error:
        st.title("No galaxies")
        lead_on(f"These galaxies cannot be opened: {ended(error)}")
        return None
    if galaxy_id is None:  # the page was opened from the menu
        galaxy_id = st.session_state.get("galaxy", "")
        galaxy_id = galaxy_id if galaxy_id in catalogue else catalogue.ids[0]
    if galaxy_id not in catalogue:  # as copied from a mail, perhaps
        galaxy_id = galaxy_id.strip()
    if galaxy_id not in catalogue:
        st.title("No such galaxy")
        among = f"among the {len(catalogue):,} of {escaped(sources.source_label(source))}"
        lead_on(f"There is no galaxy “{escaped(cut(galaxy_id))}” {among}.", source)
        return None
    return source, catalogue, galaxy_id


def heed_address() -> bool:
    """Take network and answer from the address when it has changed from outside: a link, a bookmark, the Back button.

    What the widgets changed is written there by `keep_address`, and is no news. An address without a network shows, when
    the Back button leads to it within the page, the one that it showed at first.

    Returns
    -------
    bool
        Whether it has changed.
    """
    asked = {name: st.query_params.get(name) for name in ADDRESS}
    kept = st.session_state.get("address_kept")
    if asked == kept:
        return False
    if kept is None:  # from elsewhere: the network chosen before stays
        st.session_state["first_networks"] = {}
    network = asked["network"]
    if network not in services_networks.networks():
        network = st.session_state["first_networks"].get(str(st.query_params.to_dict()))
    if network:
        st.session_state["network"] = network
    st.session_state["asked_answer"] = asked["answer"]
    st.session_state.pop("answer_of", None)  # the panel then starts with the answer asked for
    return True


def complaints() -> list[str]:
    """Say what of the address cannot be heeded, and what was perhaps meant."""
    said = [*unknown_names(("source", "votes", *ADDRESS)), *unknown_votes()]
    networks = services_networks.networks()
    if (network := st.query_params.get("network")) is not None and network not in networks:
        said.append(left_out("network", network, "no network", networks))
    if (answer := st.query_params.get("answer", COLUMNS[0])) not in COLUMNS:
        of_question = [name for name in COLUMNS if name.partition(".")[0] == answer.partition(".")[0]]
        said.append(left_out("answer", answer, "no answer's column", of_question or COLUMNS))
    return said


def keep_address(address: dict[str, str], arrived: bool) -> None:
    """Keep the whole state of the page in its address, once the visitor has changed anything.

    On arrival it is left as it is: another address would be another step of the Back button.
    """
    if arrived:
        st.session_state["first_networks"].setdefault(str(st.query_params.to_dict()), address["network"])
    elif st.query_params.to_dict() != address:
        st.query_params.from_dict(address)
    st.session_state["address_kept"] = {name: st.query_params.get(name) for name in ADDRESS}


def show_permalink(place: DeltaGenerator, address: dict[str, str]) -> None:
    """Offer the address of what is shown, to be copied."""
    with place.popover("Link", icon=":material/link:", help="The address of this galaxy, network and answer"):
        st.code(f"{st.context.url or ''}?{urlencode(address)}", language=None, wrap_lines=True)
        st.caption(
            "It opens this galaxy with the same network and answer, for whoever has the same source of galaxies."
        )


def page() -> None:
    """Describe the screen."""
    if (found := open_asked()) is None:
        return
    source, catalogue, galaxy_id = found
    told = st.empty()
    st.session_state["source"], st.session_state["galaxy"] = source, galaxy_id
    st.set_page_config(page_title=f"Galaxy {galaxy_id} · Galaxy Explorer")
    link = show_way(source, catalogue, galaxy_id)
    heading = st.container(key="heading", horizontal=True, vertical_alignment="bottom")
    with heading, st.container(width="content"):
        st.title(f"Galaxy {escaped(galaxy_id)}")
        row = catalogue.table.loc[galaxy_id].to_dict()
        st.markdown(links_out(row.get("ra_deg"), row.get("dec_deg")))
        vote_kind.say_votes(catalogue)
    try:
        with waiting("Asking the network …", PANEL):
            with told:
                say_once(complaints())
            arrived = heed_address()
            galaxy = shown_galaxy.galaxy_of(source, galaxy_id)
            with heading:
                name = panel.choose_network()
            if name:
                panel.ask(galaxy, name)
    except (CatalogueError, ImageError, OSError) as error:
        lead_on(f"The picture of galaxy {escaped(galaxy_id)} cannot be read: {ended(error)}", source)
        return
    if name:
        panel.show(galaxy, name)
        address = {"source": source, "galaxy": galaxy_id, "network": name, "answer": chosen_answer()}
        address |= sources.votes_in_address(catalogue)
        keep_address(address, arrived)
        show_permalink(link, address)


page()
