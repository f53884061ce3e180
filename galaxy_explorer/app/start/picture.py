"""The large picture of the galaxy that is asked about."""

import io

import numpy as np
import streamlit as st
from PIL import Image, ImageFilter

from galaxy_explorer.app.panel.shown_galaxy import ShownGalaxy
from galaxy_explorer.images import central_field

PART = 0.62  # of the original field of view: the galaxy takes about half the picture's width
SIDE_PX = 800
SHARP_PX, SMOOTH_PX = 1.6, 5.6  # radii of the blur of light and of the dark sky, whose noise is enlarged too
WIDE_PX, DETAIL = 20, 0.7  # arms and bars stand out from what is around them by this much more
LIGHT = 60.0  # level from which pixels are light
BLACK = 7.0  # level of the sky
MAX_GAIN, BRIGHTEST = 2.0, 245.0


@st.cache_data(max_entries=50, show_spinner=False)
def large_picture(key: tuple[str, ...], _galaxy: ShownGalaxy) -> bytes:
    """Return the middle of a galaxy, enlarged, smoothed and brightened, as a JPEG file.

    `key` is that of the galaxy.
    """
    part = min(PART, _galaxy.field)
    image = Image.fromarray(central_field(_galaxy.picture, part, SIDE_PX, _galaxy.field))
    sharp, smooth, wide = (
        np.asarray(image.filter(ImageFilter.GaussianBlur(radius)), dtype=np.float32)
        for radius in (SHARP_PX, SMOOTH_PX, WIDE_PX)
    )
    light = np.clip(smooth.mean(axis=-1, keepdims=True) / LIGHT, 0, 1)
    detail = (sharp - smooth) + DETAIL * (smooth - wide)
    detail = detail.mean(axis=-1, keepdims=True)  # of all bands: the noise of single ones would be colourful
    pixels = smooth + light * detail - BLACK
    gain = min(MAX_GAIN, BRIGHTEST / max(float(np.percentile(pixels[::4], 99.9)), 1.0))
    file = io.BytesIO()
    Image.fromarray(np.clip(gain * pixels, 0, 255).astype(np.uint8)).save(file, "JPEG", quality=88)
    return file.getvalue()
