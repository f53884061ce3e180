"""Class files: a class as JSON, with the network that it needs and its marks."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from galaxy_explorer import __version__
from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.similarity.classifier import Classifier, Quality

FORMAT, VERSION = "galaxy-explorer class", 1
ENDING = ".class.json"
MAX_BYTES = 5_000_000
MAX_DIMENSIONS = 4_096
MAX_TEXT = 200  # letters of a name or an id
Marks = Sequence[tuple[str, str, str]]  # source, id, "yes" or "no"


class ClassFileError(ValueError):
    """A file is not a class that can be used; the message says what was expected and what to do."""


@dataclass(frozen=True)
class SavedClass:
    """A class with all that is needed to apply it to other galaxies.

    Parameters
    ----------
    name : str
        What its galaxies are called.
    network : str
        Name of the network whose embeddings it was learned from.
    network_fingerprint : str
        Its `Model.fingerprint`.
    views : int
        Number of TTA views.
    classifier : Classifier
        The weights.
    marks : sequence of (str, str, str)
        Source, id and mark, ``yes`` or ``no``, of the galaxies that it was learned from.
    quality : Quality or None
        Result of its cross-validation.
    """

    name: str
    network: str
    network_fingerprint: str
    views: int
    classifier: Classifier
    marks: Marks = field(default=(), repr=False)
    quality: Quality | None = None

    def to_bytes(self) -> bytes:
        """Format as a file."""
        quality, model = self.quality, self.classifier
        content = {
            "format": FORMAT,
            "version": VERSION,
            "name": self.name,
            "network": self.network,
            "network_fingerprint": self.network_fingerprint,
            "tta_views": self.views,
            "galaxy_explorer": __version__,
            "features": {"square roots of the embedding": model.dimensions, "predicted vote fractions": list(COLUMNS)},
            "weights": [float(f"{weight:.8g}") for weight in model.weights],
            "bias": model.bias,
            "cross_validation": quality and {"called": quality.called, "right": quality.right, "yes": quality.members},
            "marks": [list(mark) for mark in self.marks],
        }
        return json.dumps(content, indent=1, ensure_ascii=False).encode()


def read_class(content: bytes, name: str) -> SavedClass:
    """Read a class file.

    Parameters
    ----------
    content : bytes
        The file.
    name : str
        Its name, for messages.

    Returns
    -------
    SavedClass

    Raises
    ------
    ClassFileError
        If it is not a class file of this version, or holds impossible values.
    """
    if len(content) > MAX_BYTES:
        raise ClassFileError(f"{name} has {len(content) / 1e6:.0f} MB; a class file has at most 5 MB")
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise ClassFileError(f"{name} is not a class file; save one on the page “Find more like these”")
    if found.get("version") != VERSION:
        raise ClassFileError(
            f"{name} is a class file of version {str(found.get('version'))[:20]}; this program reads version "
            f"{VERSION}: update it, or save the class again"
        )
    try:
        return _class_of(found)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise ClassFileError(f"{name} is a damaged class file ({str(error)[:80]}); save the class again") from error


def _class_of(found: dict[str, Any]) -> SavedClass:
    """Return the class of a file's content; KeyError, TypeError or ValueError if damaged."""
    weights = np.array(found["weights"], dtype=np.float32)
    dimensions = int(found["features"]["square roots of the embedding"])
    bias = float(found["bias"])
    if found["features"]["predicted vote fractions"] != list(COLUMNS):
        raise ValueError("its answers are not the 37 of Galaxy Zoo 2")
    if not 0 < dimensions <= MAX_DIMENSIONS or weights.shape != (dimensions + len(COLUMNS),):
        raise ValueError("the number of weights is not that of the features")
    if not np.isfinite(weights).all() or not math.isfinite(bias):
        raise ValueError("a weight is NaN or inf")
    if not 1 <= (views := int(found["tta_views"])) <= 8:
        raise ValueError("the number of TTA views is not 1 to 8")
    texts = {key: _text(found[key]) for key in ("name", "network", "network_fingerprint")}
    measured = found.get("cross_validation")
    quality = measured and Quality(float(measured["called"]), float(measured["right"]), int(measured["yes"]))
    marks = tuple((_text(source), _text(galaxy), _text(mark)) for source, galaxy, mark in found.get("marks", ()))
    return SavedClass(
        **texts, views=views, classifier=Classifier(weights, bias, dimensions), marks=marks, quality=quality
    )


def _text(value: object) -> str:
    """Return a text; raise ValueError if it is none, or empty, or too long."""
    if not isinstance(value, str) or not 0 < len(value) <= MAX_TEXT or not value.isprintable():
        raise ValueError("a name or an id is not a text of 1 to 200 letters")
    return value
