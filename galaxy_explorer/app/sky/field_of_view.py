"""The scale of a cutout: the galaxy's own, and the zoom that the visitor chose, in the URL."""

import streamlit as st

from galaxy_explorer import sky
from galaxy_explorer.app import state
from galaxy_explorer.app.state import Key
from galaxy_explorer.app.ui.url_params import ignored_param_message, unknown_params
from galaxy_explorer.app.ui.wording import as_sentence
from galaxy_explorer.images import FIELD_PX
from galaxy_explorer.sky.cutouts import MAX_SCALE_ARCSEC, MIN_SCALE_ARCSEC
from galaxy_explorer.sky.galaxies import SEARCH_RADIUS_ARCSEC

SDSS_SCALE = 0.396  # arcsec: a pixel of SDSS's camera
ZOOMS = tuple(round(2 ** (step / 4), 2) for step in range(-12, 13))  # an eighth to eight times the field of view
AUTOMATIC = "automatic"
SCALE_HELP = (
    "The networks are trained at this scale. The radius is of SDSS data release 18; Galaxy Zoo used that of release 7, "
    "which may differ for large galaxies."
)


def reset_zoom() -> None:
    """Start a new search at its own scale."""
    state.set_widget(Key.ZOOM, 1.0)
    write_zoom()


def write_zoom() -> None:
    """Write the zoom into the URL; the slider cannot, as its labels depend on the galaxy."""
    st.query_params.pop("zoom", None)
    if (zoom := state.widget(Key.ZOOM)) != 1.0:
        st.query_params["zoom"] = str(zoom)
    state.sky().zoom_read = _url()  # at once: the Back button may end this run before it reads the URL


def read_zoom() -> None:
    """Set the slider by the URL if that has changed, for example by the Back button."""
    url = _url()
    if state.widget(Key.ZOOM) is None or state.sky().zoom_read != url:
        state.set_widget(Key.ZOOM, next((zoom for zoom in ZOOMS if str(zoom) == url[1]), 1.0))
    state.sky().zoom_read = url


def _url() -> tuple[str, str | None]:
    """Return position and zoom as the page has them now."""
    return state.widget(Key.POSITION), st.query_params.get("zoom")


def ignored_params() -> list[str]:
    """Return a message for each URL parameter that is ignored."""
    asked, known = st.query_params.get("zoom"), [str(zoom) for zoom in ZOOMS]
    messages = unknown_params(("position", "zoom"))
    return (
        messages
        if asked in (None, *known)
        else [*messages, ignored_param_message("zoom", str(asked), "a zoom of the slider")]
    )


def start_scale(galaxy: sky.SkyGalaxy | None) -> float:
    """Return Galaxy Zoo's scale in arcsec per pixel; that of SDSS if the size is unknown."""
    return sky.galaxy_zoo_scale(galaxy.radius_arcsec) if galaxy and galaxy.radius_arcsec else SDSS_SCALE


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
            f"**The galaxy's size is unknown.** {as_sentence(why_unknown)} The view starts at SDSS's {SDSS_SCALE}″ per "
            "pixel; the galaxy in it is found and cropped as volunteers saw it. If it does not fit, move the slider."
        )
