"""Sky: a name or a position, its picture at Galaxy Zoo's scale, and what the network sees in it."""

from collections.abc import Callable, Hashable
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from galaxy_explorer import sky
from galaxy_explorer.app.panel import panel
from galaxy_explorer.app.panel.shown_galaxy import ShownGalaxy
from galaxy_explorer.app.services.result_cache import shared_memo
from galaxy_explorer.app.ui.skeletons import PANEL, waiting
from galaxy_explorer.app.ui.survey_links import links_out
from galaxy_explorer.app.ui.url_params import left_out, say_once, unknown_names
from galaxy_explorer.app.ui.wording import escaped
from galaxy_explorer.catalogue import SAMPLE, scores_from_votes
from galaxy_explorer.images import FIELD_PX
from galaxy_explorer.sky.cutouts import MAX_SCALE_ARCSEC, MIN_SCALE_ARCSEC
from galaxy_explorer.sky.galaxies import SEARCH_RADIUS_ARCSEC, VOTE_COLUMNS
from galaxy_explorer.sky.positions import MAX_CHARACTERS

SECONDS = 30.0  # for everything that one visit asks; what is not there by then is said so
STEPS_KEPT = 12  # outcomes in a session; a picture among them takes 0.6 MB
EXAMPLES = {
    "M51": "M51",
    "NGC 4565": "NGC 4565",
    "13:29:52.7 +47:11:43": "a position",
    "587737825678131439": "a Galaxy Zoo 2 galaxy",
}
USUAL_SCALE = 0.396  # arcsec: a pixel of SDSS's own camera
ZOOMS = tuple(round(2 ** (step / 4), 2) for step in range(-12, 13))  # an eighth to eight times the field
FIRST = "the first that answers"

INTRODUCTION = """
Give a name or a position; the galaxy there is cut out of the Sloan Digital Sky Survey at the scale at which Galaxy
Zoo's volunteers saw it, and the networks say what volunteers would answer.
"""


def choose_position() -> str:
    """Let the visitor type a position or take an example; it is part of the page's address."""
    text = st.text_input(
        "Name or position",
        key="position",
        bind="query-params",
        persist_state="session",
        on_change=begin_anew,
        placeholder="M51, or 13:29:52.7 +47:11:43",
        help="A name; a position in degrees (202.47 47.2) or in hours and degrees (13:29:52.7 +47:11:43, or "
        "J132952+471143); an SDSS id; or the address of a SkyServer page.",
        max_chars=MAX_CHARACTERS,
    )
    st.pills(
        "Examples", list(EXAMPLES), format_func=EXAMPLES.__getitem__, key="example", on_change=take_example,
        label_visibility="collapsed",
    )  # fmt: skip
    return text.strip()


def take_example() -> None:
    """Put the chosen example into the box."""
    if st.session_state["example"]:
        st.session_state["position"] = st.session_state["example"]
        st.session_state["example"] = None
        begin_anew()


def begin_anew() -> None:
    """Look at a new place at its own scale."""
    st.session_state["zoom"] = 1.0
    keep_zoom()


def keep_zoom() -> None:
    """Put the zoom into the page's address. The slider cannot do so by itself: its labels differ from place to place."""
    st.query_params.pop("zoom", None)
    if st.session_state["zoom"] != 1.0:
        st.query_params["zoom"] = str(st.session_state["zoom"])


def heed_zoom() -> None:
    """Set the slider by the page's address when that has changed, as by the Back button, of which no widget hears."""
    address = st.session_state.get("position"), st.query_params.get("zoom")
    if "zoom" not in st.session_state or st.session_state.get("zoom_heeded") != address:
        st.session_state["zoom"] = zoom_of_address()
    st.session_state["zoom_heeded"] = address


def zoom_of_address() -> float:
    """Read the zoom in the page's address; 1 where there is none that the slider knows."""
    return next((zoom for zoom in ZOOMS if str(zoom) == st.query_params.get("zoom")), 1.0)


def complaints() -> list[str]:
    """Say what of the address cannot be heeded."""
    asked, known = st.query_params.get("zoom"), [str(zoom) for zoom in ZOOMS]
    said = unknown_names(("position", "zoom"))
    return said if asked in (None, *known) else [*said, left_out("zoom", str(asked), "no zoom", known)]


def remembered(step: Hashable, make: Callable[[], Any]) -> Any:
    """Do a step once for this visitor, failures included: a click elsewhere on the page asks nobody again."""
    outcomes = st.session_state.setdefault("sky_steps", {})
    if step not in outcomes:
        try:
            outcomes[step] = make()
        except sky.SkyError as error:
            outcomes[step] = error
        for old in list(outcomes)[:-STEPS_KEPT]:
            del outcomes[old]
    if isinstance(outcomes[step], sky.SkyError):
        raise outcomes[step]
    return outcomes[step]


def try_again() -> None:
    """Forget what failed."""
    outcomes = st.session_state.get("sky_steps", {})
    for step in [step for step, outcome in outcomes.items() if not isinstance(outcome, sky.Cutout)]:
        del outcomes[step]
    sky.reset_cool_down()


def in_plain_words(error: sky.SkyError) -> str:
    """Make a sentence of an error."""
    text = str(error)
    return escaped(f"{text[0].upper()}{text[1:]}.")


def say(error: sky.SkyError) -> None:
    """Say what went wrong, and offer the ways on."""
    if isinstance(error, sky.OutsideFootprint | sky.NotFound | sky.NotUnderstood):
        st.warning(in_plain_words(error), icon=":material/travel_explore:")
    else:
        st.error(in_plain_words(error), icon=":material/cloud_off:")
    with st.container(horizontal=True):
        if isinstance(error, sky.ServiceError):
            st.button("Try again", icon=":material/refresh:", on_click=try_again)
        st.page_link(
            "galaxy_explorer/app/browse/page.py",
            label="Look at the galaxies that come along",
            icon=":material/grid_view:",
            query_params={"source": SAMPLE},
        )


def find_galaxy(position: sky.Position) -> tuple[sky.SkyGalaxy | None, sky.SkyError, bool]:
    """Ask SDSS for the galaxy that is meant; give it, or None, why its size is unknown, and whether that is old news."""
    place = position.ra_deg, position.dec_deg, position.objid
    try:
        answer = remembered(("galaxy", *place), lambda: sky.galaxy_at(*place))
    except sky.SkyError as error:
        return None, error, False
    return answer.value, sky.SkyError(answer.value.reason), answer.stale


def choose_view(start: float) -> tuple[float, tuple[sky.CutoutSource, ...]]:
    """Let the visitor choose the field of view and the source; give arcsec per pixel and whom to ask."""

    def scale(zoom: float) -> float:
        return min(max(start * zoom, MIN_SCALE_ARCSEC), MAX_SCALE_ARCSEC)

    def label(zoom: float) -> str:
        return f"{_width(scale(zoom))} ({scale(zoom):.3f}″ a pixel)"

    left, right = st.columns([3, 2], gap="medium")
    heed_zoom()
    zoom = left.select_slider("Field of view", ZOOMS, key="zoom", on_change=keep_zoom, format_func=label)
    sources = {source.name: source for source in sky.CUTOUT_SOURCES}
    name = right.selectbox("Picture from", [FIRST, *sources], key="picture_from", persist_state="session")
    return scale(zoom), sky.CUTOUT_SOURCES if name == FIRST else (sources[name],)


def _width(scale: float) -> str:
    """Write the width of a picture in arcminutes."""
    return f"{scale * FIELD_PX / 60.0:.3g}′"


def explain_scale(galaxy: sky.SkyGalaxy | None, why_unknown: sky.SkyError, start: float) -> None:
    """Say in a sentence or two where the scale comes from."""
    if galaxy and galaxy.radius_arcsec:
        st.markdown(
            f"By SDSS's measurement **{galaxy.radius_arcsec:.1f}″** is the radius that holds 90 % of the Petrosian light "
            f"(`petroR90_r`). Galaxy Zoo showed each galaxy at 0.02 of this radius a pixel, here **{start:.3f}″**: {_width(start)} across. The networks "
            "learnt at that scale and know no other zoom. (The radius is from data release 18; Galaxy Zoo had that of release 7, which "
            "may differ where a galaxy is large.)"
        )
    else:
        st.markdown(
            f"**The galaxy's size is unknown.** {in_plain_words(why_unknown)} The view starts at SDSS's own {USUAL_SCALE}″ a pixel: move the "
            "slider until the galaxy is about a third as wide as the picture, as volunteers saw it."
        )


def say_if_not_the_nearest(galaxy: sky.SkyGalaxy | None) -> None:
    """Say so where another galaxy is nearer to the place than the one that is shown."""
    if galaxy and galaxy.separation_arcsec > galaxy.nearest_arcsec:
        st.markdown(
            f"**Another galaxy is nearer to this place:** {galaxy.nearest_arcsec:.1f}″ from it. Shown is the brightest one "
            f"within {SEARCH_RADIUS_ARCSEC:.0f}″, {galaxy.separation_arcsec:.1f}″ from it. To see the other, give its SDSS id."
        )


def show_sources(picture: sky.Cutout, galaxy: sky.SkyGalaxy | None, position: sky.Position, stale: bool) -> None:
    """Say which services answered, and what they did not know."""
    said = [f"Picture: {picture.source}, {picture.scale_arcsec:.3f}″ a pixel."]
    said += [f"Not from there: {in_plain_words(sky.SkyError(reason))}" for reason in picture.failures]
    if galaxy and galaxy.gz2id:
        said.append(f"Votes: Galaxy Zoo 2, galaxy {galaxy.gz2id}, debiased as in Willett et al. 2013.")
    elif galaxy:
        said.append("No votes of Galaxy Zoo 2 are known under its SDSS id.")
    if position.found_by:
        said.append(f"Position: {position.found_by}.")
    old = {"picture": picture.stale, "size": stale, "position": position.stale}
    if any(old.values()):
        names = " and ".join(name for name in old if old[name])
        said.append(f"Old answers from the cache, since nobody gives a new one: {names}.")
    st.caption(" ".join(said))


def votes_of(galaxy: sky.SkyGalaxy | None) -> np.ndarray | None:
    """Give the ``(37,)`` vote fractions of a galaxy; None where nobody voted."""
    if galaxy is None or not galaxy.votes:
        return None
    votes = pd.DataFrame([galaxy.votes], columns=list(VOTE_COLUMNS))
    return scores_from_votes(votes)[0]


def find_and_say(text: str, say_waiting: Callable[[str], None]) -> tuple[ShownGalaxy, str | None]:
    """Look up a place and say what is there, step by step; give it for the panel, with the network's name.

    Raises
    ------
    sky.SkyError
        When there is no such place, or no picture of it.
    """
    say_waiting(f"Asking {sky.SESAME.name} where it is …")
    position = remembered(("position", text), lambda: sky.resolve(text))
    say_waiting(f"Asking {sky.SKYSERVER_SQL.name} for its size and its votes …")
    galaxy, why_unknown, stale = find_galaxy(position)
    # Of a galaxy whose size is no good, SDSS's position is that of a fragment.
    middle = galaxy if galaxy and galaxy.radius_arcsec else position
    called = escaped(position.name.replace("SDSS ", "Galaxy "))
    st.subheader(called or f"Position {middle.ra_deg:.5f} {middle.dec_deg:+.5f}")
    st.markdown(links_out(middle.ra_deg, middle.dec_deg))
    start = sky.galaxy_zoo_scale(galaxy.radius_arcsec) if galaxy and galaxy.radius_arcsec else USUAL_SCALE
    say_if_not_the_nearest(galaxy)
    explain_scale(galaxy, why_unknown, start)
    scale, sources = choose_view(start)
    view = middle.ra_deg, middle.dec_deg, scale
    say_waiting(f"Asking {', '.join(source.name for source in sources)} for the picture …")
    picture = remembered(("cutout", *view, sources), lambda: sky.cutout(*view, sources))
    show_sources(picture, galaxy, position, stale)
    if isinstance(why_unknown, sky.ServiceError):
        st.button("Ask for its size again", icon=":material/refresh:", on_click=try_again)
    say_waiting("Asking the network …")
    name = panel.choose_network()
    galaxy_id = (galaxy.gz2id or galaxy.objid) if galaxy else f"{middle.ra_deg:.5f}{middle.dec_deg:+.5f}"
    address = ("sky", *(f"{number:.6f}" for number in view), picture.source)
    return ShownGalaxy(galaxy_id, picture.picture, 1.0, votes_of(galaxy), shared_memo(), address), name


def page() -> None:
    """Describe the screen."""
    st.title("Look up the sky")
    say_once(complaints())
    st.markdown(INTRODUCTION)
    text = choose_position()
    if not text:
        st.info("Nothing is asked of anybody until you name a place.", icon=":material/travel_explore:")
        return
    found = st.container()
    try:
        with sky.deadline(SECONDS), waiting("Looking it up …", PANEL) as say_waiting:
            with found:
                galaxy, name = find_and_say(text, say_waiting)
            if name:
                panel.ask(galaxy, name)
    except sky.SkyError as error:
        with found:
            say(error)
        return
    if name:
        panel.show(galaxy, name)


page()
