"""Pictures of galaxies that are small, off centre, next to a star, or on a screen."""

from collections.abc import Callable

import numpy as np
from PIL import Image

from benchmarks.studies.drawn_marks import saved

R90 = 50  # pixels of a galaxy in Galaxy Zoo's pictures, by definition


def sky(picture: np.ndarray, height: int, width: int, random: np.random.Generator) -> np.ndarray:
    """Return empty sky with the level and noise of a picture's rim, ``(H, W, 3) float``."""
    rim = np.concatenate([picture[:20].reshape(-1, 3), picture[-20:].reshape(-1, 3)]).astype(float)
    level = np.median(rim, axis=0)
    noise = 1.4826 * np.median(np.abs(rim - level), axis=0) + 0.5
    return level + noise * random.normal(size=(height, width, 3))


def add_star(frame: np.ndarray, x: float, y: float, peak: float, width: float, random: np.random.Generator) -> None:
    """Add a star, which saturates as in SDSS's pictures, with spikes if it is bright."""
    rows, columns = np.mgrid[: frame.shape[0], : frame.shape[1]]
    distance = np.hypot(rows - y, columns - x)
    light = peak * np.exp(-0.5 * (distance / width) ** 2)
    if peak > 1000:
        angle = random.uniform(0, np.pi / 2)
        for turn in (angle, angle + np.pi / 2):
            across = np.abs((columns - x) * np.sin(turn) - (rows - y) * np.cos(turn))
            light += 0.06 * peak * np.exp(-0.5 * (across / (0.7 * width)) ** 2 - distance / (6 * width))
    colour = random.uniform(0.6, 1.0, 3)
    frame += (255 * (1 - np.exp(-light / 255)))[..., np.newaxis] * colour


def wide(picture: np.ndarray, random: np.random.Generator, off: float = 0.02) -> np.ndarray:
    """Return a wide frame with a galaxy of 20 to 60 pixels, `off` of the frame off centre."""
    diameter = random.uniform(20, 60)
    side = round(diameter / (2 * R90) * picture.shape[0])
    height = int(random.integers(max(400, round(1.4 * side)), 1025))
    frame = sky(picture, height, height, random)
    for _ in range(int(random.integers(5, 30))):
        x, y = random.uniform(0, height, 2)
        if np.hypot(x - height / 2, y - height / 2) > 0.35 * side + 20:
            add_star(frame, x, y, 10 ** random.uniform(1.3, 3.5), random.uniform(1.2, 2.0), random)
    angle = random.uniform(0, 2 * np.pi)
    x, y = (round(height * (0.5 + off * part)) for part in (np.cos(angle), np.sin(angle)))
    small = np.asarray(Image.fromarray(picture).resize((side, side), Image.Resampling.LANCZOS)).astype(float)
    return paste(frame, small, x, y)


def paste(frame: np.ndarray, small: np.ndarray, x: int, y: int) -> np.ndarray:
    """Lay a picture over a frame with its middle at (x, y), its rim faded out."""
    side = small.shape[0]
    edge = np.minimum(np.arange(side), np.arange(side)[::-1]) / (0.1 * side)
    fade = np.minimum(1, np.minimum.outer(edge, edge))[..., np.newaxis]
    rows = np.arange(side) + y - side // 2
    columns = np.arange(side) + x - side // 2
    inside_rows = (rows >= 0) & (rows < frame.shape[0])
    inside_columns = (columns >= 0) & (columns < frame.shape[1])
    where = np.ix_(rows[inside_rows], columns[inside_columns])
    inside = np.ix_(inside_rows, inside_columns)
    frame[where] += fade[inside] * (small[inside] - frame[where])
    return np.rint(frame.clip(0, 255)).astype(np.uint8)


def off_centre(picture: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Return a picture whose galaxy is 5 to 20 % of the frame off centre, at Galaxy Zoo's scale."""
    side = picture.shape[0]
    angle, off = random.uniform(0, 2 * np.pi), random.uniform(0.05, 0.2)
    x, y = (round(side * (0.5 + off * part)) for part in (np.cos(angle), np.sin(angle)))
    return paste(sky(picture, side, side, random), picture.astype(float), x, y)


def next_to_star(picture: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Return a frame twice as wide, with a brighter star at 1.5 to 4 `R90`."""
    side = picture.shape[0]
    frame = paste(sky(picture, 2 * side, 2 * side, random), picture.astype(float), side, side).astype(float)
    angle, off = random.uniform(0, 2 * np.pi), random.uniform(1.5, 4) * R90
    peak, width = 10 ** random.uniform(2.5, 4), random.uniform(3, 7)
    add_star(frame, side + off * np.cos(angle), side + off * np.sin(angle), peak, width, random)
    half = Image.fromarray(np.rint(frame.clip(0, 255)).astype(np.uint8))
    return np.asarray(half.resize((side, side), Image.Resampling.LANCZOS))


def phone_photo(picture: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Return a photo of a screen: perspective, moiré, glare, noise, a dark room."""
    width, height = 1200, 1600
    screen = Image.new("RGB", (1000, 700), (24, 24, 26))
    side = int(random.integers(420, 640))
    screen.paste(Image.fromarray(picture).resize((side, side)), (500 - side // 2, 350 - side // 2))
    margin = [(random.uniform(0.02, 0.08) * width, random.uniform(0.24, 0.29) * height) for _ in range(4)]
    corners = [(margin[0][0], margin[0][1]), (width - margin[1][0], margin[1][1])]
    corners += [(width - margin[2][0], height - margin[2][1]), (margin[3][0], height - margin[3][1])]
    rows = []
    for (x, y), (u, v) in zip(corners, ((0, 0), (1000, 0), (1000, 700), (0, 700)), strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
    values = [0, 0, 1000, 0, 1000, 700, 0, 700]
    perspective = np.linalg.solve(np.array(rows), np.array(values)).tolist()
    photo = screen.transform((width, height), Image.Transform.PERSPECTIVE, perspective, Image.Resampling.BICUBIC)
    light = np.asarray(photo).astype(float) + 6
    y, x = np.mgrid[:height, :width]
    turn, period = random.uniform(0, np.pi), random.uniform(4, 12)
    light *= 1 + 0.06 * np.sin(2 * np.pi * (x * np.cos(turn) + y * np.sin(turn)) / period)[..., np.newaxis]
    angle = random.uniform(0, 2 * np.pi)
    at = width / 2 + 0.38 * width * np.cos(angle), height / 2 + 0.3 * height * np.sin(angle)
    spread = random.uniform(60, 140)
    glare = random.uniform(100, 255) * np.exp(-0.5 * ((x - at[0]) ** 2 + (y - at[1]) ** 2) / spread**2)
    light += glare[..., np.newaxis] * np.array([1.0, 0.97, 0.9]) + random.normal(0, 2.5, light.shape)
    return saved(np.rint(light.clip(0, 255)).astype(np.uint8), 88)


SCENES: dict[str, Callable[[np.ndarray, np.random.Generator], np.ndarray]] = {
    "wide frame": wide,
    "wide frame, off centre": lambda picture, random: wide(picture, random, random.uniform(0.05, 0.2)),
    "off centre": off_centre,
    "next to a star": next_to_star,
    "photo of a screen": phone_photo,
}
