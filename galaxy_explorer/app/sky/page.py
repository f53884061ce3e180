"""Sky: search by name or position, a cutout at Galaxy Zoo's scale, and its prediction."""

from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd
import streamlit as st

from galaxy_explorer import sky
from galaxy_explorer.app import state
from galaxy_explorer.app.panel import panel
from galaxy_explorer.app.panel.shown_galaxy import SDSS, ShownGalaxy
from galaxy_explorer.app.services import networks
from galaxy_explorer.app.services.collections.collection import MAX_ID, SKY, Address
from galaxy_explorer.app.services.result_cache import shared_results
from galaxy_explorer.app.sky.field_of_view import choose_view, explain_scale, ignored_params, start_scale
from galaxy_explorer.app.sky.search import choose_position, once, retry, show_error, show_famous
from galaxy_explorer.app.state import Crop
from galaxy_explorer.app.ui.buttons.heart import show_heart
from galaxy_explorer.app.ui.crop_tool import CroppedPicture, show_crop
from galaxy_explorer.app.ui.skeletons import PANEL, waiting
from galaxy_explorer.app.ui.survey_links import links_out
from galaxy_explorer.app.ui.url_params import warn_once
from galaxy_explorer.app.ui.wording import as_sentence, escape_markdown
from galaxy_explorer.catalogue import scores_from_votes
from galaxy_explorer.images import Finding, find_galaxy
from galaxy_explorer.sky.galaxies import VOTE_COLUMNS

DEADLINE_S = 30.0  # for all requests of one search
INTRODUCTION = (
    "Type a name (M51) or coordinates. You get its SDSS picture and what Galaxy Zoo volunteers would probably say."
)


def galaxy_near(position: sky.Position) -> tuple[sky.SkyGalaxy | None, object, bool]:
    """Return the galaxy at a position, why its size is unknown, and whether that is expired."""
    where = position.ra_deg, position.dec_deg, position.objid
    try:
        response = once(("galaxy", *where), lambda: sky.galaxy_at(*where))
    except sky.SkyError as error:
        return None, error, False
    return response.value, response.value.reason, response.stale


def describe_sources(picture: sky.Cutout, galaxy: sky.SkyGalaxy | None, position: sky.Position, stale: bool) -> None:
    """Show which services the picture, the votes and the position are from."""
    parts = [f"Picture: {picture.source}, {picture.scale_arcsec:.3f}″ per pixel."]
    parts += [f"Failed: {as_sentence(reason)}" for reason in picture.failures]
    if galaxy and galaxy.gz2id:
        parts.append(f"Votes: Galaxy Zoo 2, galaxy {galaxy.gz2id}, debiased as in Willett et al. 2013.")
    elif galaxy:
        parts.append("Galaxy Zoo 2 has no votes under its SDSS id.")
    if position.found_by:
        parts.append(f"Position: {position.found_by}.")
    expired = {"picture": picture.stale, "size": stale, "position": position.stale}
    if any(expired.values()):
        names = " and ".join(name for name in expired if expired[name])
        parts.append(f"From an expired cache, as the service fails: {names}.")
    st.caption(" ".join(parts))


def votes_of(galaxy: sky.SkyGalaxy | None) -> np.ndarray | None:
    """Return the ``(37,)`` vote fractions of a galaxy; None without votes."""
    if galaxy is None or not galaxy.votes:
        return None
    return scores_from_votes(pd.DataFrame([galaxy.votes], columns=list(VOTE_COLUMNS)))[0]


def find_and_describe(text: str, waiting_for: Callable[[str], None]) -> tuple[ShownGalaxy, str | None]:
    """Search step by step, and show what is found; return it for the panel, with the network.

    Raises
    ------
    sky.SkyError
        If there is no such position, or no picture of it.
    """
    waiting_for(f"Requesting the position from {sky.SESAME.name} …")
    position = once(("position", text), lambda: sky.resolve(text))
    waiting_for(f"Requesting size and votes from {sky.SKYSERVER_SQL.name} …")
    galaxy, why_unknown, stale = galaxy_near(position)
    # For a galaxy whose size is unreliable, SDSS's position is that of a fragment.
    middle = galaxy if galaxy and galaxy.radius_arcsec else position
    title = escape_markdown(position.name.replace("SDSS ", "Galaxy "))
    with st.container(horizontal=True, vertical_alignment="center", key="sky_title"):
        st.subheader(title or f"Position {middle.ra_deg:.5f} {middle.dec_deg:+.5f}", anchor=False, width="content")
        if len(text) <= MAX_ID:
            show_heart(Address(SKY, text))
    st.markdown(links_out(middle.ra_deg, middle.dec_deg))
    start = start_scale(galaxy)
    explain_scale(galaxy, why_unknown, start)
    scale, sources = choose_view(start)
    view = middle.ra_deg, middle.dec_deg, scale
    waiting_for(f"Requesting the picture from {', '.join(source.name for source in sources)} …")
    picture = once(("cutout", *view, sources), lambda: sky.cutout(*view, sources))
    describe_sources(picture, galaxy, position, stale)
    if isinstance(why_unknown, sky.ServiceError):
        st.button("Retry size", icon=":material/refresh:", on_click=retry)
    waiting_for("Predicting …")
    network = panel.choose_network()
    galaxy_id = (galaxy.gz2id or galaxy.objid) if galaxy else f"{middle.ra_deg:.5f}{middle.dec_deg:+.5f}"
    key = ("sky", *(f"{number:.6f}" for number in view), picture.source)
    shown, cache = choose_crop(picture.picture, key, network, bool(galaxy and galaxy.radius_arcsec)), shared_results()
    key_of_crop = (*key, str(shown.crop))
    known = {"title": position.name, "credit": SDSS}  # each source of pictures shows SDSS
    return ShownGalaxy(galaxy_id, shown.picture, 1.0, votes_of(galaxy), cache, key_of_crop, key, **known), network


def choose_crop(whole: np.ndarray, key: tuple[str, ...], network: str | None, known_size: bool) -> CroppedPicture:
    """Show the crop of a cutout; that of a galaxy of known size has its field of view already."""
    mine, cache = state.sky(), state.sky().pictures
    start: Crop = "whole" if known_size else "found"
    finding = Finding(whole) if known_size else cache.get(("finding", *key), lambda: find_galaxy(whole))
    shown = CroppedPicture(whole, finding, mine.crops.get(key, start), key, cache)
    if network:
        show_crop(shown, networks.network(network).card.crop, partial(mine.crops.__setitem__, key))
    return shown


def page() -> None:
    """Show the page."""
    st.title("Find any galaxy")
    warn_once(ignored_params())
    st.markdown(INTRODUCTION)
    text, slot = choose_position(), st.empty()
    if not text:
        with slot.container():
            show_famous()
        return
    result = st.container()
    try:
        with sky.deadline(DEADLINE_S), waiting("Searching …", PANEL) as waiting_for, result:
            galaxy, network = find_and_describe(text, waiting_for)
    except sky.SkyError as error:
        with result:
            show_error(error)
        return
    if network:
        panel.show(galaxy, lambda: network)


page()
