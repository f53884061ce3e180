"""Crop tool of the upload page: checks a picture's framing and crops it to a square."""

import math
from dataclasses import replace
from functools import partial

import numpy as np
import streamlit as st
from PIL import Image, ImageDraw

from galaxy_explorer.app import state
from galaxy_explorer.app.state import Key, Upload
from galaxy_explorer.app.upload.session import crop_to
from galaxy_explorer.images import (
    FRAME_COLOUR,
    LARGEST_SIDE,
    MIN_SIDE,
    NOT_SQUARE,
    Square,
    show_square,
    suggest_square,
    thumbnail,
)

# Of 210 galaxies of the challenge, which are framed well, 3 % are farther from the centre and under 1 % seem smaller.
OFF_CENTRE = 0.06  # of the shorter side
SMALL = 0.7  # of the shorter side: the side of the suggested square
LARGEST = 2.0  # side of a square, relative to the picture's longer one
SHOWN_PX = 424  # longer side of the picture with the frame
SUGGESTION = (
    "The square in which the brightest object near the centre is as large as galaxies are in Galaxy Zoo: "
    "8.48 × `petroR90_r` across, the radius that holds 90 % of the Petrosian light (Willett et al. 2013, section 2)."
)


def framing_problems(picture: np.ndarray, square: Square | None, crop: float) -> list[str]:
    """Return a sentence for each difference to the training pictures' framing.

    `square` is the suggestion for the whole `picture`, `crop` the fraction of its shorter side that the network uses.
    """
    height, width = picture.shape[:2]
    shorter, problems = min(height, width), []
    if max(height, width) > NOT_SQUARE * shorter:
        used = round(crop * shorter)
        problems.append(
            f"The picture is not square ({width} × {height} pixels): only the central {used} × {used} pixels are used."
        )
    if square is None:
        return problems
    right, down = (square.x - width / 2) / shorter, (square.y - height / 2) / shorter
    if math.hypot(right, down) > OFF_CENTRE:
        problems.append(f"The brightest object is off centre: {_offset(right, down)}.")
    if square.side < SMALL * shorter:
        problems.append(f"The brightest object is small: Galaxy Zoo would show a square of {square.side} pixels.")
    return problems


def _offset(right: float, down: float) -> str:
    """Return an offset, in fractions of the shorter side, in words without its small parts."""
    parts = [(right, "right" if right > 0 else "left"), (down, "down" if down > 0 else "up")]
    words = [f"{abs(part):.0%} {side}".replace("%", " %") for part, side in parts if abs(part) >= OFF_CENTRE / 2]
    return f"{' and '.join(words)}, in parts of the shorter side"


def offer_crop(upload: Upload, picture: np.ndarray, crop: float) -> None:
    """Show the framing problems of an upload's whole picture, and the crop tool."""
    key = ("suggested square", *upload.picture_key)
    square = state.upload().results.get(key, partial(suggest_square, picture))
    problems = [] if upload.crop else framing_problems(picture, square, crop)
    if problems:
        advice = ["Try the suggested crop below."] if square else []
        st.info(" ".join([*problems, *advice]), icon=":material/center_focus_weak:")
    with st.expander("Crop picture", expanded=bool(problems or upload.crop), icon=":material/crop:"):
        _show_tool(upload, picture, square, crop)


def _show_tool(upload: Upload, picture: np.ndarray, suggestion: Square | None, crop: float) -> None:
    """Show the picture with the frame over it, and the controls of the frame."""
    height, width = picture.shape[:2]
    square = upload.crop or Square(width // 2, height // 2, min(height, width))
    keys = [key.of(*upload.picture_key) for key in (Key.CROP_X, Key.CROP_Y, Key.CROP_SIDE)]
    for key, value in zip(keys, (square.x, square.y, square.side), strict=True):
        state.set_widget(key, value)  # also after a button has moved the frame
    with st.container(key="crop"):
        left, right = st.columns([2, 3], gap="medium")
    with left:
        alt = f"{upload.galaxy_id} with the frame of the crop, and in it that of what the network uses"
        st.image(with_frame(picture, square, crop), width="stretch", alt=alt)
    with right:
        with st.container(horizontal=True):
            st.button(
                "Use suggested crop",
                icon=":material/auto_fix_high:",
                disabled=suggestion is None or upload.crop == suggestion,
                type="primary",
                on_click=partial(crop_to, upload.galaxy_id, suggestion),
                help=SUGGESTION,
            )
            whole = partial(crop_to, upload.galaxy_id, None)
            st.button("Use whole picture", icon=":material/crop_free:", disabled=upload.crop is None, on_click=whole)
        if suggestion is None:
            st.caption("No object stands out from the sky. Cut off the borders of a screenshot first.")
        largest = max(square.side, min(round(LARGEST * max(height, width)), LARGEST_SIDE))
        bounds = (("Centre from the left", 0, width - 1), ("Centre from the top", 0, height - 1))
        for key, (label, low, high) in zip(keys, (*bounds, ("Side", MIN_SIDE, largest)), strict=True):
            st.slider(
                label, low, high, key=key, on_change=partial(_read_sliders, upload.galaxy_id, keys), format="%d px"
            )
        if upload.crop:
            st.caption("The network uses the thin inner frame. Beyond the picture's edge the crop is filled with sky.")


def with_frame(picture: np.ndarray, square: Square, crop: float) -> np.ndarray:
    """Return a small picture with the frames of a square and of the part that the network uses."""
    small = thumbnail(picture, SHOWN_PX)
    scale = max(small.shape) / max(picture.shape)
    shown = Square(round(square.x * scale), round(square.y * scale), max(1, round(square.side * scale)))
    used = replace(shown, side=max(1, round(crop * shown.side)))
    framed = Image.fromarray(show_square(small, shown))
    right, bottom = used.left + used.side - 1, used.top + used.side - 1
    ImageDraw.Draw(framed).rectangle((used.left, used.top, right, bottom), outline=FRAME_COLOUR)
    return np.array(framed)


def _read_sliders(galaxy_id: str, keys: list[str]) -> None:
    """Crop to the values of the sliders."""
    crop_to(galaxy_id, Square(*(int(state.widget(key)) for key in keys)))
