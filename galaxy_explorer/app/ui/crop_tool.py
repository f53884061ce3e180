"""Crop tool: shows what was done to a picture, and lets its visitor drag another crop."""

import base64
import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
import streamlit as st
from PIL import Image
from streamlit.delta_generator import DeltaGenerator

from galaxy_explorer.app import state
from galaxy_explorer.app.state import Crop, Key
from galaxy_explorer.images import LARGEST_SIDE, MIN_SIDE, Finding, SkyPlacement, Square, crop_with, thumbnail
from galaxy_explorer.storage import ResultCache

FOUND: Literal["found"] = "found"
WHOLE: Literal["whole"] = "whole"
SHOWN_PX = 848  # longer side of the picture under the square: sharp on a good screen
FIELD_HELP = (
    "Galaxy Zoo showed a square of 8.48 × `petroR90_r`, the radius that holds 90 % of the Petrosian light (Willett et "
    "al. 2013, section 2). The network uses the dashed inner part."
)
HOW_TO = "Drag the square or a corner; on a touch screen pinch it; on the keyboard use the arrows, + and −."
_folder = Path(__file__).parent
_square_over_picture = st.components.v2.component(
    "galaxy_explorer.crop_tool",
    css=(_folder / "crop_tool.css").read_text(encoding="utf-8"),
    js=(_folder / "crop_tool.js").read_text(encoding="utf-8"),
)


@dataclass(frozen=True)
class CroppedPicture:
    """A picture with the part of it that a network is shown.

    Parameters
    ----------
    whole : (H, W, 3) np.ndarray of uint8
        The whole picture.
    finding : Finding
        What `find_galaxy` returns for it.
    crop : Crop
        The part that is chosen.
    key : tuple of str
        What tells the whole picture from others.
    cache : ResultCache
        Where results about the picture are cached.
    is_doubtful : bool
        Whether the part differs so much from training pictures that it may not show a galaxy.
    """

    whole: np.ndarray
    finding: Finding
    crop: Crop
    key: tuple[str, ...]
    cache: ResultCache
    is_doubtful: bool = False

    @property
    def picture(self) -> np.ndarray:
        """The part, ``(h, w, 3)`` uint8."""
        if isinstance(square := self.crop, Square):
            cut = partial(_cut, self.whole, square, self.finding.added_light)
            return self.cache.get(("crop", *self.key, str(square)), cut).picture
        return self.finding.picture if self.crop == FOUND else self.whole

    @property
    def square(self) -> Square | None:
        """The part in pixels of the whole picture; None for all of it."""
        return self.crop if isinstance(self.crop, Square) else self.finding.square if self.crop == FOUND else None

    @property
    def words(self) -> str:
        """A sentence on the part."""
        if isinstance(self.crop, Square):
            darker = ", without the light that a screen added" if any(self.finding.added_light) else ""
            return f"Your crop: a square of {self.crop.side} pixels{darker}."
        if self.crop != FOUND:
            return "The whole picture is used, as it is."
        return self._doubtful_note if self.is_doubtful else self.finding.note

    @property
    def _doubtful_note(self) -> str:
        """What was done to a picture that may not show a galaxy."""
        removed, square = self.finding.removed, self.finding.square
        done = [f"What looked like drawn marks or light was removed: {', '.join(removed)}."] if removed else []
        done += [f"The crop is {square.side} × {square.side} pixels of what looked most like one."] if square else []
        return " ".join(["There may be nothing like a galaxy in this picture.", *done])


def _cut(whole: np.ndarray, square: Square, added_light: tuple[int, ...]) -> Finding:
    """Cut a square out of a picture, which takes long where drawn marks are removed."""
    return Finding(crop_with(whole, square, added_light), square)


def show_crop(
    shown: CroppedPicture, used: float, choose: Callable[[Crop], None], placement: SkyPlacement | None = None
) -> None:
    """Show what was done to a picture, the buttons to undo it, and the square to drag.

    Parameters
    ----------
    shown : CroppedPicture
        The picture.
    used : float
        The fraction of the part that the network uses.
    choose : callable
        Called with another crop when the visitor chooses one.
    placement : SkyPlacement, optional
        Where the picture lies on the sky: arrows to north and east are drawn on it.
    """
    if not shown.finding.changed and shown.crop in (FOUND, WHOLE):
        with st.expander("Crop picture", icon=":material/crop:"):
            show_square(shown, used, choose, placement)
            st.caption(HOW_TO)
        return
    with st.container(border=True, key="crop"):
        left, right = st.columns([1, 2], gap="medium")
        with left:
            show_square(shown, used, choose, placement)
        with right:
            st.markdown(f":material/crop: {shown.words}", help=FIELD_HELP)
            with st.container(horizontal=True):
                _offer_crops(shown, choose)
            st.caption(HOW_TO)


def show_crop_row(shown: CroppedPicture, choose: Callable[[Crop], None]) -> DeltaGenerator:
    """Show what was done to a picture in one row, with the buttons to undo it.

    Parameters
    ----------
    shown, choose
        As in `show_crop`.

    Returns
    -------
    DeltaGenerator
        A popover for `show_square`, once the network is known.
    """
    with st.container(horizontal=True, vertical_alignment="center", key="crop_row"):
        st.markdown(f":material/crop: {shown.words}", help=FIELD_HELP, width="content")
        _offer_crops(shown, choose)
        return st.popover("Adjust crop", icon=":material/crop:")


def _offer_crops(shown: CroppedPicture, choose: Callable[[Crop], None]) -> None:
    """Draw the buttons that choose the whole picture, or the suggested crop."""
    if shown.crop != WHOLE:
        st.button("Use the whole picture", icon=":material/crop_free:", on_click=choose, args=(WHOLE,))
    if shown.crop != FOUND and shown.finding.changed:
        st.button("Use the suggested crop", icon=":material/crop:", on_click=choose, args=(FOUND,))


def show_square(
    shown: CroppedPicture, used: float, choose: Callable[[Crop], None], placement: SkyPlacement | None = None
) -> None:
    """Show the whole picture with a square to drag; the parameters are those of `show_crop`."""
    height, width = shown.whole.shape[:2]
    square = shown.square or Square(width // 2, height // 2, min(height, width))
    largest = max(square.side, min(max(height, width), LARGEST_SIDE))
    data: dict[str, Any] = {
        "picture": shown.cache.get(("crop tool", *shown.key), partial(_data_url, shown.whole)),
        **{"width": width, "height": height, "x": square.x, "y": square.y, "side": square.side},
        **{"used": used, "least": MIN_SIDE, "largest": largest},
        "sky": {"north": placement.north_deg, "mirrored": placement.mirrored} if placement else None,
    }
    key = Key.CROP.of(*shown.key)
    _square_over_picture(key=key, data=data, on_square_change=partial(_read_square, key, (width, height), choose))


def _read_square(key: str, size: tuple[int, int], choose: Callable[[Crop], None]) -> None:
    """Choose the crop that was dragged, with its centre within a picture of `size`."""
    if dragged := state.widget(key, {}).get("square"):
        x, y, side = np.clip(np.array(dragged, int), (0, 0, MIN_SIDE), (*size, LARGEST_SIDE)).tolist()
        choose(Square(x, y, side))


def _data_url(whole: np.ndarray) -> str:
    """Return a picture at the size of the tool, as a data URL."""
    file = io.BytesIO()
    Image.fromarray(thumbnail(whole, SHOWN_PX)).save(file, "JPEG", quality=90)
    return f"data:image/jpeg;base64,{base64.b64encode(file.getvalue()).decode()}"
