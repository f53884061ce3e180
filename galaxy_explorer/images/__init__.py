"""From the bytes of a picture to a checked RGB array, to the network's input, and back to an overlay.

A crop is everywhere a fraction of the original field of view: the 424 pixels that the Galaxy Zoo
volunteers saw, whatever part of them a picture still holds.

    ImageError(ValueError)    the bytes hold no picture that can be shown to a network
"""

from galaxy_explorer.images.inputs import central_field, for_prediction, normalise, views
from galaxy_explorer.images.overlays import overlay, thumbnail, to_png
from galaxy_explorer.images.reading import MAX_PIXELS, MIN_SIDE, ImageError, read_image

__all__ = [
    "MAX_PIXELS",
    "MIN_SIDE",
    "ImageError",
    "central_field",
    "for_prediction",
    "normalise",
    "overlay",
    "read_image",
    "thumbnail",
    "to_png",
    "views",
]
