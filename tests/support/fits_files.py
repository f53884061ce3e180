"""FITS files for the tests: a drawn galaxy as fluxes on a noisy sky, written by astropy."""

import io

import numpy as np
from astropy.io import fits

from galaxy_explorer.images import read_exposure, stretch

STRUCTURE = {"SIMPLE", "XTENSION", "BITPIX", "NAXIS", "NAXIS1", "NAXIS2", "NAXIS3", "NAXIS4", "PCOUNT", "GCOUNT"}
SEEN_THROUGH = {"i": 1.0, "r": 0.8, "g": 0.5}  # fluxes of a reddish galaxy


def galaxy_fluxes(seed=0, side=64, peak=100.0, noise=1.0, sky=10.0):
    """A blob of light on noise, up and right of the middle in FITS's sense, as float32."""
    random = np.random.default_rng(seed)
    rows, columns = np.mgrid[0:side, 0:side] / side
    light = np.exp(-(np.hypot(rows - 0.6, columns - 0.7) ** 2) / 0.02)
    return (sky + peak * light + noise * random.normal(size=(side, side))).astype(np.float32)


def bands(**options):
    """The galaxy in i, r and g."""
    return {
        name: galaxy_fluxes(seed, peak=100.0 * part, **options)
        for seed, (name, part) in enumerate(SEEN_THROUGH.items())
    }


def written(*units):
    """Write units, or arrays as image units, into bytes; the first is the primary."""
    units = [fits.ImageHDU(unit) if isinstance(unit, np.ndarray) else unit for unit in units]
    if type(units[0]) is fits.ImageHDU:
        primary = fits.PrimaryHDU(units[0].data)
        primary.header.update({name: value for name, value in units[0].header.items() if name not in STRUCTURE})
        units[0] = primary
    elif not isinstance(units[0], fits.PrimaryHDU):
        units.insert(0, fits.PrimaryHDU())
    file = io.BytesIO()
    fits.HDUList(units).writeto(file, output_verify="ignore")
    return file.getvalue()


def with_bands(**options):
    """A file with three image extensions, i, r and g."""
    return written(fits.PrimaryHDU(), *(fits.ImageHDU(plane, name=name) for name, plane in bands(**options).items()))


def with_header(plane, **cards):
    """An image unit whose header has some more cards."""
    unit = fits.ImageHDU(plane)
    unit.header.update(cards)
    return unit


def stored_as(numbers, tiled=False, **cards):
    """A file of these stored integers, which astropy would scale on writing, and more cards."""
    content = written(fits.CompImageHDU(numbers) if tiled else numbers)
    with fits.open(io.BytesIO(content), disable_image_compression=True, do_not_scale_image_data=True) as units:
        units[-1].header.update(cards)
        file = io.BytesIO()
        units.writeto(file, output_verify="ignore")
        return file.getvalue()


def on_the_sky(scale_arcsec=0.4, turned_deg=0.0, mirrored=False):
    """World coordinates around the middle of a 64-pixel image, as cards."""
    angle, step = np.radians(turned_deg), scale_arcsec / 3600
    directions = step * np.array([[-np.cos(angle), np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    if mirrored:
        directions[:, 0] *= -1
    matrix = {f"CD{i + 1}_{j + 1}": directions[i, j] for i in range(2) for j in range(2)}
    return {
        **{
            "CTYPE1": "RA---TAN",
            "CTYPE2": "DEC--TAN",
            "CRPIX1": 32.5,
            "CRPIX2": 32.5,
            "CUNIT1": "deg",
            "CUNIT2": "deg",
        },
        **{"CRVAL1": 202.47, "CRVAL2": 47.2, **matrix},
    }


def fluxes_of_levels(picture):
    """Invert the stretch of a picture: (H, W, 3) levels to (3, H, W) fluxes in noises."""
    levels = picture.astype(float) + 0.5
    middle = levels.mean(axis=-1)
    height = 255 * 0.1 / np.arcsinh(0.1 * stretch.Q)
    light = np.sinh(middle / height) * stretch.linear_stretch() / stretch.Q
    fluxes = np.moveaxis(levels * (light / middle)[..., np.newaxis], -1, 0) - stretch.SKY
    return fluxes[:, ::-1]  # FITS counts rows from the bottom


def notes_of(content, image=None):
    """All notes on a file, as one text."""
    return "; ".join(read_exposure(content, image).notes)
