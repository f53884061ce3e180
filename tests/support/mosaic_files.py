"""Mosaics for the tests: sources at known positions, written by astropy."""

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS

SKY, NOISE = 20.0, 1.0


def world(ra=150.0, dec=2.0, side=600, scale=0.4, projection="TAN", turned=0.0, mirrored=False, **cards):
    """World coordinates around the middle of a square image, with pixels of `scale` arcsec."""
    angle, step = np.radians(turned), scale / 3600
    matrix = step * np.array([[-np.cos(angle), np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    if mirrored:
        matrix[:, 0] *= -1
    header = fits.Header()
    header["CTYPE1"], header["CTYPE2"] = f"RA---{projection}", f"DEC--{projection}"
    if projection in ("CAR", "AIT"):  # cylinders are oblique only where they are told
        header["CRVAL1"], header["CRVAL2"] = ra, 0.0
        header["CRPIX1"], header["CRPIX2"] = (side + 1) / 2, (side + 1) / 2 - dec / step
    else:
        header["CRVAL1"], header["CRVAL2"] = ra, dec
        header["CRPIX1"] = header["CRPIX2"] = (side + 1) / 2
    header["CUNIT1"] = header["CUNIT2"] = "deg"
    for row in range(2):
        for column in range(2):
            header[f"CD{row + 1}_{column + 1}"] = matrix[row, column]
    header.update(cards)
    return header


def field(header, sources, side=600, flux=20_000.0, size=4.0, seed=0, noise=NOISE):
    """An image of Gaussian sources, of this flux and size in arcsec, on a noisy sky; float32."""
    wcs = WCS(header)
    scale = 3600 * np.sqrt(abs(np.linalg.det(wcs.pixel_scale_matrix)))
    image = SKY + noise * np.random.default_rng(seed).normal(size=(side, side))
    rows, columns = np.mgrid[0:side, 0:side]
    for ra, dec in sources:
        x, y = wcs.all_world2pix(ra, dec, 0)
        sigma = size / scale
        light = np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * sigma**2))
        image += flux * light / (2 * np.pi * sigma**2)
    return image.astype(np.float32)


def write_mosaic(path, header, image, compression=None, **options):
    """Write an image with its coordinates, tile-compressed if a method is given."""
    unit = fits.CompImageHDU(image, header, compression_type=compression, **options) if compression else None
    fits.HDUList([fits.PrimaryHDU(), unit] if unit else [fits.PrimaryHDU(image, header)]).writeto(path, overwrite=True)
    return path


def write_bands(folder, sources, bands="irg", fluxes=(30_000.0, 20_000.0, 10_000.0), **options):
    """Write mosaic_i.fits, mosaic_r.fits and mosaic_g.fits of one field; return the pattern."""
    for seed, (band, flux) in enumerate(zip(bands, fluxes, strict=True)):
        header = world(**options)
        write_mosaic(folder / f"mosaic_{band}.fits", header, field(header, sources, flux=flux, seed=seed))
    return str(folder / "mosaic_{band}.fits")
