"""The component that draws the map, and what it is sent: points, matches, pictures."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from galaxy_explorer.app import paths, state
from galaxy_explorer.app.map.colourings import DEFAULT_COLOUR, answer_colourings, network_colourings
from galaxy_explorer.app.map.colours import hex_colours
from galaxy_explorer.app.map.mosaic import MAX_TILES, TILE_PX, mosaic_of
from galaxy_explorer.app.map.payload import pack_matches, pack_points
from galaxy_explorer.app.query.binding import read_url, write_url
from galaxy_explorer.app.query.filters.within import Within
from galaxy_explorer.app.services import sources
from galaxy_explorer.app.services.answers import Answers
from galaxy_explorer.app.services.places import Places
from galaxy_explorer.app.services.result_cache import latest_result
from galaxy_explorer.app.state import Key
from galaxy_explorer.catalogue import Catalogue
from galaxy_explorer.images import ImageError

SCRIPTS = Path(__file__).parent / "viewer"
MAX_SENT = 4  # maps whose numbers of galaxies are known, so that a press on one before the last still counts
PARTS = ("points", "view", "painter", "pictures", "gestures", "controls", "drawing", "pointing", "shaping", "map")
_bytes = st.components.v2.component("galaxy_explorer.map_bytes", js=(SCRIPTS / "bytes.js").read_text(encoding="utf-8"))
_map = st.components.v2.component(
    "galaxy_explorer.map",
    css=(SCRIPTS / "map.css").read_text(encoding="utf-8"),
    js="\n".join((SCRIPTS / f"{part}.js").read_text(encoding="utf-8") for part in PARTS),
)


@dataclass(frozen=True)
class ShownMap:
    """What the map shows."""

    catalogue: Catalogue
    places: Places
    answers: Answers
    rows: np.ndarray = field(repr=False)  # (n,) of the catalogue, that match
    shape: Within | None
    colour: str  # name of the choice that a link asks for

    @property
    def params(self) -> dict[str, str]:
        """URL parameters of a galaxy's page, without the galaxy."""
        return {"source": self.catalogue.source} | sources.vote_params(self.catalogue)


def points_message(catalogue: Catalogue, places: Places, answers: Answers) -> tuple[bytes, str]:
    """Return the packed points, and their key; the last of each network are cached."""

    def pack(_: object) -> tuple[bytes, str]:
        choices = [*answer_colourings(answers.votes), *network_colourings(catalogue, places.network)]
        return pack_points(places, choices)

    found: tuple[bytes, str] = latest_result(catalogue, ("map", places.network), lambda: (places, answers), pack)
    return found


def show_map(shown: ShownMap) -> None:
    """Draw the map; what is large is sent once, and again only if it changes."""
    points, key = points_message(shown.catalogue, shown.places, shown.answers)
    with st.container(key="map_bytes"):
        _bytes(key=Key.MAP_POINTS, data=points)
        _bytes(key=Key.MAP_MATCHES, data=pack_matches(shown.places, shown.rows, len(shown.catalogue), key))
    _draw(shown, key)


@st.fragment
def _draw(shown: ShownMap, key: str) -> None:
    """Draw the component, and answer what it asks: a run of this part alone."""
    asked = state.galaxy_map()
    if asked.redraw:
        asked.redraw = False
        st.rerun()
    source = shown.catalogue.source
    asked.sent = dict([*asked.sent.items(), ((source, key), shown.places)][-MAX_SENT:])
    pressed, asked.opened = asked.opened, None
    if pressed and (galaxy_id := _pressed_galaxy(shown, *pressed)):
        st.switch_page(paths.GALAXY, query_params={**shown.params, "galaxy": galaxy_id})
    wish, asked.wish = asked.wish, {}
    data: dict[str, Any] = {
        "key": key,
        "map": f"{source}/{shown.places.network}",
        "colours": {theme: hex_colours(theme) for theme in ("dark", "light")},
        "colour": shown.colour,
        "defaultColour": DEFAULT_COLOUR,
        "shape": list(shown.shape.corners) if shown.shape else [],
        "answer": _answer(shown, key, wish) if wish else None,
    }
    network = shown.places.network
    _map(
        key=Key.GALAXY_MAP,
        data=data,
        on_look_change=_read_wish,
        on_open_change=_read_opened,
        on_shape_change=partial(_read_shape, network),
    )


def _triggered(name: str) -> Any:
    """Return the value that the browser has just sent."""
    return (state.widget(Key.GALAXY_MAP) or {}).get(name)


def _read_wish() -> None:
    """Keep which pictures the browser asks for."""
    wish = _triggered("look")
    state.galaxy_map().wish = wish if isinstance(wish, dict) else {}


def _read_opened() -> None:
    """Keep which galaxy was pressed."""
    pressed = _triggered("open")
    key, index = (pressed.get("key"), pressed.get("index")) if isinstance(pressed, dict) else ("", -1)
    state.galaxy_map().opened = (str(key), index) if isinstance(index, int) and index >= 0 else None


def _read_shape(network: str) -> None:
    """Write the shape that was drawn into the URL; an empty one removes it."""
    corners = _triggered("shape")
    query = read_url()[0].without_filters(Within)
    try:
        shape = Within(network, tuple((int(x), int(y)) for x, y in corners)) if corners else None
    except (TypeError, ValueError):
        return
    write_url(query.with_filter(shape) if shape else query)
    state.galaxy_map().redraw = True


def _pressed_galaxy(shown: ShownMap, key: str, index: int) -> str:
    """Return the id of a galaxy by its number on a map of that key; empty if it is unknown."""
    places = state.galaxy_map().sent.get((shown.catalogue.source, key))
    return str(shown.catalogue.table.index[places.rows[index]]) if places and index < len(places) else ""


def _answer(shown: ShownMap, key: str, wish: Mapping[str, Any]) -> dict[str, Any]:
    """Return requested pictures as one file, and the card of a galaxy; none by earlier numbers."""
    answer: dict[str, Any] = {"ask": wish.get("ask")}
    if wish.get("key") != key:
        return answer
    count = len(shown.places)
    indices = [i for i in wish.get("tiles") or () if isinstance(i, int) and 0 <= i < count][:MAX_TILES]
    if indices:
        ids = list(shown.catalogue.table.index[shown.places.rows[indices]])
        content, columns, missing = mosaic_of(sources.galaxy_thumbnails(shown.catalogue, ids), len(ids))
        answer["tiles"] = {
            "url": _data_url(content),
            "side": TILE_PX,
            "columns": columns,
            "indices": indices,
            "missing": [indices[place] for place in missing],
        }
    card = wish.get("card")
    if isinstance(card, int) and 0 <= card < count:
        answer["card"] = {"index": card, **_card(shown, int(shown.places.rows[card]))}
    return answer


def _card(shown: ShownMap, row: int) -> dict[str, str]:
    """Return a galaxy's id and its picture."""
    galaxy_id = str(shown.catalogue.table.index[row])
    picture = next(iter(sources.galaxy_thumbnails(shown.catalogue, [galaxy_id])))
    return {
        "id": galaxy_id,
        "picture": "" if isinstance(picture, ImageError) else _data_url(picture),
    }


def _data_url(jpeg: bytes) -> str:
    """Return a JPEG file as a data URL."""
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"
