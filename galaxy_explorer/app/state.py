"""Session state of one visitor: every key of `st.session_state`, typed, in one place.

Values that a page keeps lie in one dataclass per page, such as `BrowseState`. Values of widgets lie under the widget's
own key: these keys are the constants of `Key`. No other module touches `st.session_state`; a test reads the source.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd
import streamlit as st

from galaxy_explorer.images import Exposure, Square
from galaxy_explorer.storage import ResultCache

State = TypeVar("State")


class Key(StrEnum):
    """Keys of widgets whose value is read or set outside the call that draws them."""

    # Browse, Galaxy, panel, About, and widgets of several pages.

    # Upload, Sky, Compare.
    UPLOAD = "shown_upload"
    UPLOAD_TABLE = "upload_table"
    POSITION = "position"
    EXAMPLE = "example"
    ZOOM = "zoom"
    COMPARE_SOURCE = "compare_source"


# Browse, Galaxy, panel, About, and what several pages share.


# Upload, Sky, Compare, and what the visitor may do.


@dataclass
class VisitorState:
    """Permissions of the visitor."""

    may_open_paths: bool = False  # came by the secret link


@dataclass(frozen=True)
class Upload:
    """Picture file of a visitor, with its crop."""

    galaxy_id: str
    content: bytes = field(repr=False)
    small: str = field(default="", repr=False)  # thumbnail, as a data URL
    image: str = ""  # name of the image of a FITS file that is shown
    choices: tuple[str, ...] = ()  # names of all images of a FITS file
    crop: Square | None = None  # what the network is shown; None for the whole picture

    @property
    def picture_key(self) -> tuple[str, ...]:
        """Key of results about the whole picture."""
        return self.galaxy_id, str(hash(self.content)), self.image

    @property
    def key(self) -> tuple[str, ...]:
        """Key of results about the part that the network is shown."""
        return *self.picture_key, str(self.crop)


def _decoded_bytes(exposure: Exposure) -> int:
    return exposure.picture.nbytes


@dataclass
class UploadState:
    """Uploads of a visitor, and all that was computed from them."""

    pictures: dict[str, Upload] = field(default_factory=dict)  # by galaxy id; they outlive a change of page
    files: dict[str, str] = field(default_factory=dict)  # galaxy id by file id; empty for tables and refused files
    listed: set[str] = field(default_factory=set)  # ids of the files that the page lists
    refused: dict[str, tuple[str, str]] = field(default_factory=dict)  # file name and reason by file id
    scores: pd.DataFrame | None = None  # the score table that was uploaded last
    scores_file: str = ""  # its file id
    stopped: bool = False  # whether the visitor stopped the predictions
    image_error: str = ""
    uploaders: int = 0  # number of times that fresh, empty uploaders were made
    results: ResultCache = field(default_factory=lambda: ResultCache(max_size=4000))
    exposures: ResultCache = field(default_factory=lambda: ResultCache(100e6, _decoded_bytes))  # decoded pictures

    def clear(self) -> None:
        """Remove everything."""
        vars(self).update(vars(UploadState(uploaders=self.uploaders + 1)))


@dataclass
class SkyState:
    """Steps of the last searches, and the zoom in the URL that the slider was set by."""

    steps: ResultCache = field(default_factory=lambda: ResultCache(max_size=12))  # a picture takes 0.6 MB
    zoom_read: tuple[str, str | None] | None = None  # position and zoom


@dataclass
class CompareState:
    """External tables by the name of their network, and the number of galaxies shown in each gallery."""

    tables: dict[str, Path] = field(default_factory=dict)
    shown: dict[str, int] = field(default_factory=dict)


def visitor() -> VisitorState:
    """Return the visitor's permissions."""
    return _state_of(VisitorState)


def upload() -> UploadState:
    """Return the state of Upload."""
    return _state_of(UploadState)


def sky() -> SkyState:
    """Return the state of Sky."""
    return _state_of(SkyState)


def compare() -> CompareState:
    """Return the state of Compare."""
    return _state_of(CompareState)


def _state_of(kind: type[State]) -> State:
    """Return this visitor's state of a page; created on first use."""
    return st.session_state.setdefault(kind.__name__, kind())


def widget(key: str, default: Any = None) -> Any:
    """Return the value of a widget, or the default before it is drawn."""
    return st.session_state.get(key, default)


def set_widget(key: str, value: Any) -> None:
    """Set the value of a widget; only before it is drawn in this run or in a callback."""
    st.session_state[key] = value


def clear_widget(key: str) -> Any:
    """Remove the value of a widget and return it; None if it has none."""
    return st.session_state.pop(key, None)
