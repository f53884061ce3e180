"""From the bytes of a picture to a checked RGB array, to the network's input, and back to an overlay.

A crop is everywhere a fraction of the original field of view: the 424 pixels that the Galaxy Zoo
volunteers saw, whatever part of them a picture still holds.

    ImageError(ValueError)    the bytes hold no picture that can be shown to a network
"""

from galaxy_explorer.images.centring import (
    FIELD_PX,
    LARGEST_SIDE,
    NOT_SQUARE,
    R90_PER_PIXEL,
    Square,
    cut_square,
    show_square,
    suggest_square,
)
from galaxy_explorer.images.inputs import central_field, for_prediction, normalise, turned_back, views
from galaxy_explorer.images.overlays import overlay, thumbnail, to_png
from galaxy_explorer.images.reading import (
    FITS_ENDINGS,
    GREY,
    MAX_PIXELS,
    MIN_SIDE,
    Exposure,
    ImageError,
    Position,
    is_named,
    read_exposure,
    read_image,
    stem_of,
)

__all__ = [
    "FIELD_PX",
    "FITS_ENDINGS",
    "GREY",
    "LARGEST_SIDE",
    "MAX_PIXELS",
    "MIN_SIDE",
    "NOT_SQUARE",
    "R90_PER_PIXEL",
    "Exposure",
    "ImageError",
    "Position",
    "Square",
    "central_field",
    "cut_square",
    "for_prediction",
    "is_named",
    "normalise",
    "overlay",
    "read_exposure",
    "read_image",
    "show_square",
    "stem_of",
    "suggest_square",
    "thumbnail",
    "to_png",
    "turned_back",
    "views",
]
