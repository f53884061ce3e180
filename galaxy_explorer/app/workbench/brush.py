"""Brush that covers parts of a picture: its tools, and the layer that is painted on."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from galaxy_explorer.app import state
from galaxy_explorer.app.state import Key
from galaxy_explorer.app.workbench.links import MAX_SPOTS, PER_UNIT
from galaxy_explorer.images import COVERS, PictureChanges, Spot

RADII = (2, 20)  # per cent of the picture
RADIUS = 5
MAX_STROKE = 400  # disks that one stroke can cover
COVER_HELP = "Surroundings continues the pixels around what is covered; sky is the level and noise of the empty sky."


def show_tools(changes: PictureChanges, choose: Callable[[PictureChanges], None]) -> None:
    """Draw the brush's tools.

    Parameters
    ----------
    changes : PictureChanges
        With the disks that are covered.
    choose : callable
        Called with changes that hold others.
    """

    def choose_cover() -> None:
        choose(replace(changes, cover=state.widget(Key.BENCH_COVER)))

    st.caption("Paint on the picture. On the keyboard, arrows move the brush and Enter covers.")
    st.slider("Brush", *RADII, RADIUS, format="%d %%", key=Key.BENCH_RADIUS, help="Radius, of the picture's side.")
    state.set_widget(Key.BENCH_COVER, changes.cover)
    options: dict[str, Any] = {"required": True, "on_change": choose_cover, "help": COVER_HELP}
    st.segmented_control("Replace by", COVERS, key=Key.BENCH_COVER, **options)
    with st.container(horizontal=True, gap="small"):
        for label, kept in (("Undo spot", changes.covered[:-1]), ("Uncover all", ())):
            action: dict[str, Any] = {"on_click": choose, "args": (replace(changes, covered=kept),)}
            st.button(label, disabled=not changes.covered, **action)
    if len(changes.covered) >= MAX_SPOTS:
        st.caption(f"{MAX_SPOTS} spots are covered, as many as a link can hold.")


def show_brush(picture: np.ndarray, changes: PictureChanges, choose: Callable[[PictureChanges], None]) -> None:
    """Draw the layer to paint on, in a container over a picture of the same proportions."""
    css, js = (Path(__file__).with_suffix(ending).read_text(encoding="utf-8") for ending in (".css", ".js"))
    component = st.components.v2.component("picture_brush", css=css, js=js, isolate_styles=False)
    height, width = picture.shape[:2]
    radius = PER_UNIT * int(state.widget(Key.BENCH_RADIUS, RADIUS)) // 100
    data = {"height": round(PER_UNIT * height / width), "radius": radius, "spots": len(changes.covered)}

    def read_stroke() -> None:
        stroke = spots_of(state.widget(Key.BENCH_BRUSH, {}).get("stroke"))
        choose(replace(changes, covered=(*changes.covered, *stroke)[:MAX_SPOTS]))

    with st.container(key="bench_brush_layer"):
        component(key=Key.BENCH_BRUSH, data=data, on_stroke_change=read_stroke)


def spots_of(stroke: Any) -> tuple[Spot, ...]:
    """Read the disks of a stroke, in thousandths; what the browser sends may hold anything."""
    try:
        disks = np.array(stroke, dtype=float).reshape(-1, 3)[:MAX_STROKE]
    except (TypeError, ValueError, OverflowError):
        return ()
    clipped = np.rint(disks.clip(0, PER_UNIT)) / PER_UNIT
    return tuple(Spot(*disk) for disk in clipped[np.isfinite(disks).all(axis=1)].tolist())
