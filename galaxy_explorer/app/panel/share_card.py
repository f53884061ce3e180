"""A card to share: picture, sentence, likeliest path and credits, as PNG or PDF."""

import io
import unicodedata
from functools import cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

import galaxy_explorer
from galaxy_explorer.app.panel.shown_galaxy import GalaxyPrediction
from galaxy_explorer.decision_tree import (
    INDEX,
    label_of,
    most_likely_path,
    shares_from_fractions,
    short_description,
)
from galaxy_explorer.flow_chart.palette import palette

WIDTH, HEIGHT, MARGIN = 1600, 900, 60
PICTURE_PX = HEIGHT - 2 * MARGIN
TEXT_X = PICTURE_PX + 2 * MARGIN  # of the column next to the picture
TEXT_PX = WIDTH - TEXT_X - MARGIN
TITLE_PX, SMALL_PX, BODY_PX = 30, 20, 23
SENTENCE_SIZES_PX, MAX_LINES = (52, 46, 40), 3  # the largest that fits
STEP_PX = 46  # from an answer of the path to the next, at most
FOOT_Y = HEIGHT - MARGIN - 80  # where the credits begin
BAR_X, BAR_PX, BAR_HEIGHT = 330, 250, 10
PAGE_DPI = 144  # 11.1 × 6.25 inches
GROUND, INK, QUIET, LINE = "#0b0f17", "#f2f5fa", "#9aa7b8", "#2a3446"


def card_of(prediction: GalaxyPrediction) -> np.ndarray:
    """Draw the card of a galaxy, ``(900, 1600, 3)`` uint8."""
    card = Image.new("RGB", (WIDTH, HEIGHT), GROUND)
    drawing = ImageDraw.Draw(card)
    _draw_picture(card, prediction.galaxy.picture)
    y = MARGIN + _text(drawing, (TEXT_X, MARGIN), prediction.galaxy.name, TITLE_PX, QUIET) + 22
    y = _draw_sentence(drawing, y, short_description(prediction.fractions))
    y = _draw_volunteers(drawing, y + 14, prediction)
    _draw_path(drawing, y + 34, prediction)
    _draw_credits(drawing, prediction)
    return np.asarray(card)


def to_pdf(card: np.ndarray, title: str) -> bytes:
    """Return a card as a PDF file of one page."""
    file = io.BytesIO()
    Image.fromarray(card).save(file, "PDF", resolution=PAGE_DPI, quality=92, title=title, producer="Galaxy Explorer")
    return file.getvalue()


def _draw_picture(card: Image.Image, picture: np.ndarray) -> None:
    """Draw the middle square of the picture, with round corners."""
    whole = Image.fromarray(picture)
    side = min(whole.size)
    left, top = (whole.width - side) // 2, (whole.height - side) // 2
    square = whole.crop((left, top, left + side, top + side)).resize((PICTURE_PX, PICTURE_PX), Image.Resampling.LANCZOS)
    mask = Image.new("L", (2 * PICTURE_PX, 2 * PICTURE_PX))
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, 2 * PICTURE_PX - 1, 2 * PICTURE_PX - 1), radius=56, fill=255)
    card.paste(square, (MARGIN, MARGIN), mask.resize(square.size, Image.Resampling.LANCZOS))


def _draw_sentence(drawing: ImageDraw.ImageDraw, y: float, sentence: str) -> float:
    """Draw the sentence as large as fits, in lines of similar length, and return where it ends."""
    size, lines = next(
        (size, lines)
        for size in SENTENCE_SIZES_PX
        if len(lines := _wrapped(sentence, size, TEXT_PX)) <= MAX_LINES or size == SENTENCE_SIZES_PX[-1]
    )
    balanced = (_wrapped(sentence, size, width) for width in range(TEXT_PX // 2, TEXT_PX, 10))
    for line in next((each for each in balanced if len(each) == len(lines)), lines):
        _text(drawing, (TEXT_X, y), line, size, INK, bold=True)
        y += 1.2 * size
    return y


def _draw_volunteers(drawing: ImageDraw.ImageDraw, y: float, prediction: GalaxyPrediction) -> float:
    """Draw whether the volunteers agree, and return where the text ends."""
    votes, said = prediction.galaxy.volunteers, short_description(prediction.fractions)
    words = f"says the {prediction.label} network of Galaxy Explorer."
    if votes is not None:
        voted = short_description(votes)
        voters = f"the {prediction.galaxy.voters}" + " of Galaxy Zoo" * (not prediction.galaxy.simulated)
        agreed = f"say the {prediction.label} network and {voters}."
        words = agreed if voted == said else f"{words} {voters[0].upper()}{voters[1:]}: {voted}."
    for line in _wrapped(words, BODY_PX, TEXT_PX):
        _text(drawing, (TEXT_X, y), line, BODY_PX, QUIET)
        y += 1.35 * BODY_PX
    return y


def _wrapped(words: str, size: int, width: float) -> list[str]:
    """Wrap a text into lines of at most a width."""
    font, lines = _font(size), [""]
    for word in _plain(words).split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and font.getlength(longer) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def _draw_path(drawing: ImageDraw.ImageDraw, y: float, prediction: GalaxyPrediction) -> None:
    """Draw the answers of the likeliest path with the shares of network and volunteers."""
    colours, votes = palette(dark=True), prediction.galaxy.volunteers
    voted = None if votes is None else shares_from_fractions(votes)
    path = most_likely_path(prediction.fractions)
    step = min(STEP_PX, (FOOT_Y - y) / max(len(path), 1))
    for column, share in path:
        _text(drawing, (TEXT_X, y + 4), label_of(column), SMALL_PX, INK)
        _bar(drawing, y + (3 if voted is not None else 11), share, colours.network)
        if voted is not None:
            _bar(drawing, y + 20, float(voted[INDEX[column]]), colours.volunteers)
        y += step


def _bar(drawing: ImageDraw.ImageDraw, y: float, share: float, colour: str) -> None:
    """Draw a share as a bar with its number."""
    left = TEXT_X + BAR_X
    drawing.rounded_rectangle((left, y, left + BAR_PX, y + BAR_HEIGHT), radius=3, fill=LINE)
    if np.isfinite(share):
        drawing.rounded_rectangle((left, y, left + max(BAR_PX * share, 4), y + BAR_HEIGHT), radius=3, fill=colour)
    words = f"{100 * share:.0f} %" if np.isfinite(share) else "not asked"
    _text(drawing, (left + BAR_PX + 14, y - 4), words, SMALL_PX - 5, INK)


def _draw_credits(drawing: ImageDraw.ImageDraw, prediction: GalaxyPrediction) -> None:
    """Draw the origin of picture, votes and network at the foot."""
    galaxy = prediction.galaxy
    colours = palette(dark=True)
    y = FOOT_Y + 26
    drawing.line((TEXT_X, FOOT_Y + 6, WIDTH - MARGIN, FOOT_Y + 6), fill=LINE, width=2)
    x = float(TEXT_X)
    sides = [("network", colours.network)] + [(galaxy.voters, colours.volunteers)] * (galaxy.volunteers is not None)
    for name, colour in sides:
        drawing.rounded_rectangle((x, y + 5, x + 26, y + 5 + BAR_HEIGHT), radius=3, fill=colour)
        x += 36 + _text(drawing, (x + 36, y), name, SMALL_PX - 3, INK, width=True) + 30
    maker = f"Galaxy Explorer {galaxy_explorer.__version__}"
    _text(drawing, (WIDTH - MARGIN - _font(SMALL_PX - 3).getlength(maker), y), maker, SMALL_PX - 3, INK)
    parts = [f"Picture: {galaxy.credit}"] * bool(galaxy.credit)
    votes = "simulated" if galaxy.simulated else "Galaxy Zoo 2"
    parts += [f"Votes: {votes}"] * (galaxy.volunteers is not None)
    name = prediction.model if prediction.label == prediction.model else f"{prediction.label} ({prediction.model})"
    parts.append(f"Network: {name}")
    _text(drawing, (TEXT_X, y + 28), " · ".join(parts), SMALL_PX - 3, QUIET)


def _text(
    drawing: ImageDraw.ImageDraw,
    place: tuple[float, float],
    words: str,
    size: int,
    colour: str,
    **more: bool,
) -> float:
    """Draw a line of text, and return its height, or its width if `width` is set."""
    font, plain = _font(size), _plain(words)
    drawing.text(place, plain, colour, font, stroke_width=0.6 if more.get("bold") else 0)
    return font.getlength(plain) if more.get("width") else 1.2 * size


@cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    """Return Pillow's own font, Aileron, which is at hand everywhere."""
    font = ImageFont.load_default(size)
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise OSError("Pillow was built without FreeType, which the card needs: install Pillow from PyPI")
    return font


def _plain(words: str) -> str:
    """Replace the letters that the font lacks: accents are dropped."""
    letters = unicodedata.normalize("NFKD", words.translate({0x2013: "-", 0x2014: "-", 0xD7: "x"}))
    return "".join(letter for letter in letters if not unicodedata.combining(letter))
