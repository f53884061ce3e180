"""QR codes (ISO/IEC 18004) as SVG, encoded by OpenCV, which comes with grad-cam."""

import numpy as np

QUIET_ZONE = 4  # modules around a code
CORRECTION_M = 1  # 15 % of a code may be lost; cv2.QRCodeEncoder_CORRECT_LEVEL_M


def qr_modules(text: str) -> np.ndarray:
    """Return the modules of a QR code without its margin, ``(N, N) bool``, True for dark.

    Raises
    ------
    ImportError
        If OpenCV is not installed.
    """
    from cv2 import QRCodeEncoder

    settings = QRCodeEncoder.Params()
    settings.correction_level = CORRECTION_M
    dark = np.asarray(QRCodeEncoder.create(settings).encode(text)) < 128
    places = np.argwhere(dark)
    (top, left), (bottom, right) = places.min(axis=0), places.max(axis=0) + 1
    return dark[top:bottom, left:right]


def qr_svg(text: str) -> str:
    """Draw a QR code, black on white on any page, as an SVG that fills its container.

    Parameters
    ----------
    text : str
        What the code holds, such as a URL.

    Returns
    -------
    str
        Empty if OpenCV is not installed.
    """
    try:
        modules = qr_modules(text)
    except ImportError:
        return ""
    side = len(modules) + 2 * QUIET_ZONE
    path = "".join(f"M{column},{row}h1v1h-1z" for row, column in np.argwhere(modules) + QUIET_ZONE)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}" '
        f'shape-rendering="crispEdges"><rect width="{side}" height="{side}" fill="#fff"/>'
        f'<path d="{path}" fill="#000"/></svg>'
    )
