"""State of pictures that a visitor brings, finds or makes: Upload, Sky and Workbench."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from galaxy_explorer.app.state.session import state_of
from galaxy_explorer.images import PictureChanges, Square
from galaxy_explorer.storage import ResultCache

if TYPE_CHECKING:
    from galaxy_explorer.simulation import Parameters

Crop = Square | Literal["found", "whole"]  # a visitor's own, that of find_galaxy, or the whole picture


@dataclass(frozen=True)
class Upload:
    """Picture file of a visitor, with its crop."""

    galaxy_id: str
    content: bytes = field(repr=False)
    image: str = ""  # name of the image of a FITS file that is shown
    choices: tuple[str, ...] = ()  # names of all images of a FITS file
    crop: Crop = "found"  # what the network is shown

    @property
    def picture_key(self) -> tuple[str, ...]:
        """Key of results about the whole picture."""
        return self.galaxy_id, str(hash(self.content)), self.image

    @property
    def key(self) -> tuple[str, ...]:
        """Key of results about the part that the network is shown."""
        return *self.picture_key, str(self.crop)


def _size_bytes(result: Any) -> int:
    """Return the approximate size of a picture, features, a saliency map, or numbers."""
    return max(1000, getattr(result, "nbytes", 0), getattr(getattr(result, "picture", None), "nbytes", 0))


@dataclass
class UploadState:
    """Uploads of a visitor, and all that was computed from them."""

    pictures: dict[str, Upload] = field(default_factory=dict)  # by galaxy id; they outlive a change of page
    # Galaxy ids by file id: several of a zip file, none of tables and refused files.
    files: dict[str, tuple[str, ...]] = field(default_factory=dict)
    listed: set[str] = field(default_factory=set)  # ids of the files that the page lists
    # File name and reason by file id and name.
    refused: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    scores: pd.DataFrame | None = None  # the score table that was uploaded last
    scores_file: str = ""  # its file id
    stopped: bool = False  # whether the visitor stopped the predictions
    image_error: str = ""
    uploaders: int = 0  # number of times that fresh, empty uploaders were made
    results: ResultCache = field(default_factory=lambda: ResultCache(200e6, _size_bytes))
    exposures: ResultCache = field(default_factory=lambda: ResultCache(100e6, _size_bytes))  # decoded pictures
    findings: ResultCache = field(default_factory=lambda: ResultCache(50e6, _size_bytes))  # of find_galaxy

    def clear(self) -> None:
        """Remove everything."""
        vars(self).update(vars(UploadState(uploaders=self.uploaders + 1)))


def upload() -> UploadState:
    """Return the state of Upload."""
    return state_of(UploadState)


@dataclass
class SkyState:
    """Values that Sky keeps between runs."""

    # Steps of the last searches, a picture takes 0.6 MB; position and zoom of the URL that the slider was set by.
    steps: ResultCache = field(default_factory=lambda: ResultCache(max_size=12))
    zoom_read: tuple[str, str | None] | None = None
    crops: dict[tuple[str, ...], Crop] = field(default_factory=dict)  # by the view; else that of find_galaxy
    pictures: ResultCache = field(default_factory=lambda: ResultCache(max_size=12))  # parts of cutouts, 0.5 MB each


def sky() -> SkyState:
    """Return the state of Sky."""
    return state_of(SkyState)


@dataclass
class WorkbenchState:
    """The galaxies that the visitor makes and changes."""

    is_real: bool = False  # whether a real galaxy is changed; else one is simulated
    url: dict[str, str] | None = None  # as last read or written; None on arrival from another page
    changes: PictureChanges = field(default_factory=PictureChanges)  # of the real galaxy
    changed_galaxy: tuple[str, str] | None = None  # its source and id
    draws: int = 0  # number of times that other galaxies were drawn to choose from
    parameters: "Parameters | None" = None  # of the simulated galaxy
    begun_with: "Parameters | None" = None
    preset: str = ""  # its name, if that is a preset
    swept: Any = None  # what was varied last: parameter, network and real galaxy; the other values; responses
    results: ResultCache = field(default_factory=lambda: ResultCache(60e6, _size_bytes))


def workbench() -> WorkbenchState:
    """Return the state of Workbench."""
    return state_of(WorkbenchState)
