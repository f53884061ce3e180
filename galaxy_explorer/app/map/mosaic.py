"""Pictures for the map, many in one file."""

import io
import math
from collections.abc import Iterable

from PIL import Image, ImageEnhance

from galaxy_explorer.images import ImageError

TILE_PX = 96
BRIGHTNESS = 1.25  # as the tiles of Browse: faint discs are seen at this size
MAX_TILES = 64  # in one file of some 100 kB


def mosaic_of(thumbnails: Iterable[bytes | ImageError], count: int) -> tuple[bytes, int, list[int]]:
    """Join thumbnails in one picture, row by row.

    Parameters
    ----------
    thumbnails : iterable of bytes or ImageError
        JPEG files.
    count : int
        How many there are.

    Returns
    -------
    bytes, int, list of int
        A JPEG file, its number of columns, and the places of pictures that cannot be read, which are black.
    """
    columns = max(1, math.ceil(math.sqrt(count)))
    joined = Image.new("RGB", (columns * TILE_PX, math.ceil(count / columns) * TILE_PX))
    missing = []
    for place, thumbnail in enumerate(thumbnails):
        if isinstance(thumbnail, ImageError):
            missing.append(place)
            continue
        with Image.open(io.BytesIO(thumbnail)) as picture:
            picture.draft("RGB", (TILE_PX, TILE_PX))  # decodes fewer pixels
            tile = picture.convert("RGB").resize((TILE_PX, TILE_PX), Image.Resampling.BILINEAR)
        joined.paste(tile, (place % columns * TILE_PX, place // columns * TILE_PX))
    file = io.BytesIO()
    ImageEnhance.Brightness(joined).enhance(BRIGHTNESS).save(file, "JPEG", quality=85)
    return file.getvalue(), columns, missing
