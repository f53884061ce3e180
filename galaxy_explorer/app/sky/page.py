"""Sky: search by name or position, a cutout at Galaxy Zoo's scale, and its prediction."""

from collections.abc import Callable, Hashable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from galaxy_explorer import sky
from galaxy_explorer.app import paths, state
from galaxy_explorer.app.panel import panel
from galaxy_explorer.app.panel.shown_galaxy import ShownGalaxy
from galaxy_explorer.app.services import networks
from galaxy_explorer.app.services.result_cache import shared_results
from galaxy_explorer.app.state import Crop, Key, SkyState
from galaxy_explorer.app.ui.crop_tool import CroppedPicture, show_crop
from galaxy_explorer.app.ui.skeletons import PANEL, waiting
from galaxy_explorer.app.ui.survey_links import links_out
from galaxy_explorer.app.ui.try_one import show_examples
from galaxy_explorer.app.ui.url_params import ignored_param_message, unknown_params, warn_once
from galaxy_explorer.app.ui.wording import escape_markdown, with_full_stop
from galaxy_explorer.catalogue import SAMPLE, scores_from_votes
from galaxy_explorer.images import FIELD_PX, Finding, find_galaxy
from galaxy_explorer.sky.cutouts import MAX_SCALE_ARCSEC, MIN_SCALE_ARCSEC
from galaxy_explorer.sky.galaxies import SEARCH_RADIUS_ARCSEC, VOTE_COLUMNS
from galaxy_explorer.sky.positions import MAX_CHARACTERS

DEADLINE_S = 30.0  # for all requests of one search
EXAMPLES = {
    "M51": "M51",
    "NGC 4565": "NGC 4565",
    "13:29:52.7 +47:11:43": "a position",
    "587737825678131439": "a Galaxy Zoo 2 galaxy",
}
PICTURED = ("587737825678131439", "587726016142835881", "587736542560715163")  # of the bundled sample, by SDSS id
SDSS_SCALE = 0.396  # arcsec: a pixel of SDSS's camera
ZOOMS = tuple(round(2 ** (step / 4), 2) for step in range(-12, 13))  # an eighth to eight times the field of view
AUTOMATIC = "automatic"
INTRODUCTION = (
    "Type a name (M51) or coordinates. You get the galaxy's SDSS picture at the scale of Galaxy Zoo, and what its "
    "volunteers would probably say."
)
SCALE_HELP = (
    "The networks are trained at this scale. The radius is of SDSS data release 18; Galaxy Zoo used that of release 7, "
    "which may differ for large galaxies."
)
SYNTAX = (
    "A name; a position in degrees (202.47 47.2) or in hours and degrees (13:29:52.7 +47:11:43 or J132952+471143); an "
    "SDSS id; or the URL of a SkyServer page."
)


def choose_position() -> str:
    """Return the name or position that was typed or chosen; it is part of the URL."""
    text = st.text_input(
        "Name or position",
        key=Key.POSITION,
        bind="query-params",
        persist_state="session",
        on_change=reset_zoom,
        placeholder="M51 or 13:29:52.7 +47:11:43",
        help=SYNTAX,
        max_chars=MAX_CHARACTERS,
    )
    st.pills("Examples", list(EXAMPLES), format_func=EXAMPLES.__getitem__, key=Key.EXAMPLE, on_change=take_example)
    return text.strip()


def take_example() -> None:
    """Copy the chosen example into the text box."""
    if example := state.widget(Key.EXAMPLE):
        state.set_widget(Key.EXAMPLE, None)
        search(example)


def search(text: str) -> None:
    """Copy a text into the text box."""
    state.set_widget(Key.POSITION, text)
    reset_zoom()


def reset_zoom() -> None:
    """Start a new search at its own scale."""
    state.set_widget(Key.ZOOM, 1.0)
    write_zoom()


def write_zoom() -> None:
    """Write the zoom into the URL; the slider cannot, as its labels depend on the galaxy."""
    st.query_params.pop("zoom", None)
    if (zoom := state.widget(Key.ZOOM)) != 1.0:
        st.query_params["zoom"] = str(zoom)


def read_zoom() -> None:
    """Set the slider by the URL if that has changed, for example by the Back button."""
    url = state.widget(Key.POSITION), st.query_params.get("zoom")
    if state.widget(Key.ZOOM) is None or state.sky().zoom_read != url:
        state.set_widget(Key.ZOOM, next((zoom for zoom in ZOOMS if str(zoom) == url[1]), 1.0))
    state.sky().zoom_read = url


def ignored_params() -> list[str]:
    """Return a message for each URL parameter that is ignored."""
    asked, known = st.query_params.get("zoom"), [str(zoom) for zoom in ZOOMS]
    messages = unknown_params(("position", "zoom"))
    return (
        messages
        if asked in (None, *known)
        else [*messages, ignored_param_message("zoom", str(asked), "a zoom of the slider")]
    )


def once(step: Hashable, request: Callable[[], Any]) -> Any:
    """Return the result of a step of the search, requested once; also an error is cached."""

    def outcome() -> Any:
        try:
            return request()
        except sky.SkyError as error:
            return error

    result = state.sky().steps.get(step, outcome)
    if isinstance(result, sky.SkyError):
        raise result
    return result


def retry() -> None:
    """Forget the steps of the search, so that they are requested again."""
    state.sky().steps = SkyState().steps
    sky.reset_cool_down()


def sentence(error: object) -> str:
    """Return a message as a sentence in Markdown."""
    text = with_full_stop(error)
    return text[0].upper() + text[1:]


def show_error(error: sky.SkyError) -> None:
    """Show what went wrong, and what can be done."""
    if isinstance(error, sky.OutsideFootprint | sky.NotFound | sky.NotUnderstood):
        st.warning(sentence(error), icon=":material/travel_explore:")
    else:
        st.error(sentence(error), icon=":material/cloud_off:")
    with st.container(horizontal=True, vertical_alignment="center"):
        if isinstance(error, sky.ServiceError):
            st.button("Retry search", icon=":material/refresh:", on_click=retry)
        sample = {"source": SAMPLE}
        st.page_link(paths.BROWSE, label="Open the bundled sample", icon=":material/grid_view:", query_params=sample)


def galaxy_near(position: sky.Position) -> tuple[sky.SkyGalaxy | None, object, bool]:
    """Return the galaxy at a position, why its size is unknown, and whether that is expired."""
    where = position.ra_deg, position.dec_deg, position.objid
    try:
        response = once(("galaxy", *where), lambda: sky.galaxy_at(*where))
    except sky.SkyError as error:
        return None, error, False
    return response.value, response.value.reason, response.stale


def choose_view(start: float) -> tuple[float, tuple[sky.CutoutSource, ...]]:
    """Return the chosen scale in arcsec per pixel, and the picture sources to try in order."""

    def scale(zoom: float) -> float:
        return min(max(start * zoom, MIN_SCALE_ARCSEC), MAX_SCALE_ARCSEC)

    def label(zoom: float) -> str:
        return f"{_width(scale(zoom))} ({scale(zoom):.3f}″ per pixel)"

    left, right = st.columns([3, 2], gap="medium")
    read_zoom()
    zoom = left.select_slider("Field of view", ZOOMS, key=Key.ZOOM, on_change=write_zoom, format_func=label)
    sources = {source.name: source for source in sky.CUTOUT_SOURCES}
    name = right.selectbox("Picture source", [AUTOMATIC, *sources], key=Key.PICTURE_SOURCE, persist_state="session")
    return scale(zoom), sky.CUTOUT_SOURCES if name == AUTOMATIC else (sources[name],)


def _width(scale: float) -> str:
    """Return the width of a picture in arcminutes."""
    return f"{scale * FIELD_PX / 60.0:.3g}′"


def explain_scale(galaxy: sky.SkyGalaxy | None, why_unknown: object, start: float) -> None:
    """Show where the scale comes from, and whether another galaxy is nearer."""
    if galaxy and galaxy.separation_arcsec > galaxy.nearest_arcsec:
        st.markdown(
            f"**Another galaxy is nearer:** {galaxy.nearest_arcsec:.1f}″ from the position. Shown is the brightest "
            f"within {SEARCH_RADIUS_ARCSEC:.0f}″, at {galaxy.separation_arcsec:.1f}″. "
            "Enter its SDSS id for the other one."
        )
    if galaxy and galaxy.radius_arcsec:
        st.markdown(
            f"**{galaxy.radius_arcsec:.1f}″** is the Petrosian radius R90 (`petroR90_r`), with 90 % of the light. "
            f"Galaxy Zoo shows 0.02 × R90 per pixel, here **{start:.3f}″**: {_width(start)} across.",
            help=SCALE_HELP,
        )
    else:
        st.markdown(
            f"**The galaxy's size is unknown.** {sentence(why_unknown)} The view starts at SDSS's {SDSS_SCALE}″ per "
            "pixel; the galaxy in it is found and cropped as volunteers saw it. If it does not fit, move the slider."
        )


def describe_sources(picture: sky.Cutout, galaxy: sky.SkyGalaxy | None, position: sky.Position, stale: bool) -> None:
    """Show which services the picture, the votes and the position are from."""
    parts = [f"Picture: {picture.source}, {picture.scale_arcsec:.3f}″ per pixel."]
    parts += [f"Failed: {sentence(reason)}" for reason in picture.failures]
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
    st.subheader(title or f"Position {middle.ra_deg:.5f} {middle.dec_deg:+.5f}")
    st.markdown(links_out(middle.ra_deg, middle.dec_deg))
    start = sky.galaxy_zoo_scale(galaxy.radius_arcsec) if galaxy and galaxy.radius_arcsec else SDSS_SCALE
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
    return ShownGalaxy(galaxy_id, shown.picture, 1.0, votes_of(galaxy), cache, (*key, str(shown.crop)), key), network


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
            st.info("Enter a name or position. No request is sent before that.", icon=":material/travel_explore:")
            show_examples(PICTURED, search)
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
