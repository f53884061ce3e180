"""The crop tool of the upload page: what is wrong with a picture's framing, and a square to set it right."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import streamlit as st
from PIL import Image, ImageDraw

from galaxy_explorer.app.services.result_cache import Memo
from galaxy_explorer.app.upload.session import Upload, crop_to
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

# Of 210 galaxies of the challenge, which are framed well, 3 % lie farther off and under 1 % seem smaller.
OFF_CENTRE = 0.06  # of the shorter side
SMALL = 0.7  # of it is the suggested square
LARGEST = 2.0  # a square's side by the picture's longer one
KEPT = 500  # suggestions
SHOWN = 424  # pixels at most of the picture with the frame


def suggestion(upload: Upload, picture: np.ndarray) -> Square | None:
    """Suggest a square for an upload's whole picture; it is worked out once."""
    if "suggestions" not in st.session_state:
        st.session_state["suggestions"] = Memo(limit=KEPT)
    return st.session_state["suggestions"].recall(upload.picture_address, lambda: suggest_square(picture))


def what_is_wrong(picture: np.ndarray, square: Square | None, crop: float) -> list[str]:
    """Say in sentences how a picture's framing differs from those that the networks learnt from.

    Parameters
    ----------
    picture : (H, W, 3) np.ndarray of uint8
        The whole picture.
    square : Square or None
        The suggestion for it.
    crop : float
        The part of the shorter side that the network sees.
    """
    height, width = picture.shape[:2]
    shorter = min(height, width)
    said = []
    if max(height, width) > NOT_SQUARE * shorter:
        seen = round(crop * shorter)
        said.append(
            f"The picture is not square ({width} × {height} pixels): the network sees the {seen} × {seen} pixels in its middle."
        )
    if square is None:
        return said
    right, down = (square.x - width / 2) / shorter, (square.y - height / 2) / shorter
    if math.hypot(right, down) > OFF_CENTRE:
        said.append(f"The brightest object is not in the middle but {_where(right, down)}.")
    if square.side < SMALL * shorter:
        said.append(
            f"The brightest object is small: Galaxy Zoo would have shown it in a square of {square.side} pixels."
        )
    return said


def _where(right: float, down: float) -> str:
    """Say how far off the middle something is, in parts of the picture's shorter side; a small part is left out."""
    named = [(right, "to the right" if right > 0 else "to the left"), (down, "below" if down > 0 else "above")]
    named = [(part, name) for part, name in named if abs(part) >= OFF_CENTRE / 2]
    whose = [" of the picture's shorter side", ""]
    return " and ".join(f"{abs(part) * 100:.0f} %{whose[i]} {name}" for i, (part, name) in enumerate(named))


def offer_crop(upload: Upload, picture: np.ndarray, crop: float) -> None:
    """Say what is wrong with a picture's framing, and offer a square of it.

    Parameters
    ----------
    upload : Upload
        Whose crop is set.
    picture : (H, W, 3) np.ndarray of uint8
        Its whole picture.
    crop : float
        The part of the shorter side that the network sees.
    """
    square = suggestion(upload, picture)
    wrong = what_is_wrong(picture, square, crop) if upload.crop is None else []
    if wrong:
        try_it = " Try the suggested crop below." if square else ""
        st.info(f"{' '.join(wrong)}{try_it}", icon=":material/center_focus_weak:")
    with st.expander("Crop this picture", expanded=bool(wrong) or upload.crop is not None, icon=":material/crop:"):
        _tool(upload, picture, square, crop)


def _tool(upload: Upload, picture: np.ndarray, square: Square | None, crop: float) -> None:
    """Show the picture with the frame over it, and what moves the frame."""
    height, width = picture.shape[:2]
    whole = Square(width // 2, height // 2, min(height, width))
    keys = {part: f"crop_{part}_{'/'.join(upload.picture_address)}" for part in ("x", "y", "side")}
    now = upload.crop or whole
    for part, key in keys.items():
        st.session_state[key] = getattr(now, part)  # also where the crop was set by something else than the sliders
    with st.container(key="crop"):
        left, right = st.columns([2, 3], gap="medium")
    with left:
        frame = with_frame(picture, now, crop)
        alt = f"{upload.galaxy_id} with the frame of the crop, and in it that of what the network sees"
        st.image(frame, width="stretch", alt=alt)
    with right:
        with st.container(horizontal=True):
            st.button(
                "Use the suggestion", icon=":material/auto_fix_high:", disabled=square is None or upload.crop == square,
                type="primary", on_click=_set, args=(upload.galaxy_id, keys, square, square),
                help="The square in which the brightest object near the middle has the size that galaxies have in Galaxy Zoo's "
                "pictures: 8.48 × `petroR90_r`, the radius that holds 90 % of its Petrosian light, across (Willett et al. 2013, section 2)",
            )  # fmt: skip
            st.button(
                "Whole picture", icon=":material/crop_free:", disabled=upload.crop is None,
                on_click=_set, args=(upload.galaxy_id, keys, None, whole),
            )  # fmt: skip
        if square is None:
            st.caption(
                "Nothing in this picture stands out from its sky as a galaxy does, so there is no suggestion. Cut off the "
                "borders of a screenshot by hand first."
            )
        most = min(round(LARGEST * max(height, width)), LARGEST_SIDE)
        moved: dict[str, Any] = {"on_change": _take_sliders, "args": (upload.galaxy_id, keys), "format": "%d px"}
        st.slider("Centre, from the left", 0, width - 1, key=keys["x"], **moved)
        st.slider("Centre, from the top", 0, height - 1, key=keys["y"], **moved)
        st.slider("Side of the square", MIN_SIDE, max(most, now.side), key=keys["side"], **moved)
        if upload.crop is not None:
            st.caption(
                "This square now takes the place of the whole picture. The network sees its middle, the thin frame within. "
                "What lies beyond the picture is filled with its sky."
            )


def with_frame(picture: np.ndarray, square: Square, crop: float) -> np.ndarray:
    """Draw a square of a picture, and the part `crop` of it that the network sees, over a copy of `SHOWN` pixels at most."""
    small = thumbnail(picture, SHOWN)
    down = max(small.shape) / max(picture.shape)
    shown = Square(round(square.x * down), round(square.y * down), max(1, round(square.side * down)))
    seen = replace(shown, side=max(1, round(crop * shown.side)))
    framed = Image.fromarray(show_square(small, shown))
    right, bottom = seen.left + seen.side - 1, seen.top + seen.side - 1
    ImageDraw.Draw(framed).rectangle((seen.left, seen.top, right, bottom), outline=FRAME_COLOUR)
    return np.array(framed)


def _set(galaxy_id: str, keys: dict[str, str], crop: Square | None, shown: Square) -> None:
    """Take a crop, and move the sliders to what is shown."""
    for part, key in keys.items():
        st.session_state[key] = getattr(shown, part)
    crop_to(galaxy_id, crop)


def _take_sliders(galaxy_id: str, keys: dict[str, str]) -> None:
    """Crop to what the sliders say."""
    crop_to(galaxy_id, Square(**{part: int(st.session_state[key]) for part, key in keys.items()}))
