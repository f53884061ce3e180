"""Pictures: reading of files to a checked RGB array, network input, and saliency overlays.

A crop is a fraction of the original field of view everywhere: the 424 pixels that the Galaxy Zoo
volunteers saw, whatever part of them a picture still holds.
"""

from galaxy_explorer.images.centring import (
    FIELD_PX,
    LARGEST_SIDE,
    NOT_SQUARE,
    R90_PER_PIXEL,
    Square,
    cut_square,
)
from galaxy_explorer.images.changes import CHANGES, COVERS, Change, PictureChanges, Spot, change_picture
from galaxy_explorer.images.exposure import GREY, MAX_PIXELS, MIN_SIDE, NORTH_IS, Exposure, ImageError, SkyPlacement
from galaxy_explorer.images.finding import Finding, crop_with, find_galaxy
from galaxy_explorer.images.inputs import (
    DEFAULT_VIEWS,
    central_field,
    for_prediction,
    normalise,
    tta_views,
    undo_tta,
)
from galaxy_explorer.images.overlays import FRAME_COLOUR, frame_field, overlay, thumbnail, to_png
from galaxy_explorer.images.reading import FITS_ENDINGS, is_named, read_exposure, read_image, stem_of

__all__ = [
    "CHANGES",
    "COVERS",
    "DEFAULT_VIEWS",
    "FIELD_PX",
    "FITS_ENDINGS",
    "FRAME_COLOUR",
    "GREY",
    "LARGEST_SIDE",
    "MAX_PIXELS",
    "MIN_SIDE",
    "NORTH_IS",
    "NOT_SQUARE",
    "R90_PER_PIXEL",
    "Change",
    "Exposure",
    "Finding",
    "ImageError",
    "PictureChanges",
    "SkyPlacement",
    "Spot",
    "Square",
    "central_field",
    "change_picture",
    "crop_with",
    "cut_square",
    "find_galaxy",
    "for_prediction",
    "frame_field",
    "is_named",
    "normalise",
    "overlay",
    "read_exposure",
    "read_image",
    "stem_of",
    "thumbnail",
    "to_png",
    "tta_views",
    "undo_tta",
]
