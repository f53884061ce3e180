"""Model card: architecture, preprocessing, training and evaluation of a checkpoint."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any

import numpy as np

from galaxy_explorer.evaluation.intervals import Coverage, IntervalModel, QuantileCurves
from galaxy_explorer.evaluation.metrics import Score
from galaxy_explorer.evaluation.out_of_distribution import OODReference


@dataclass(frozen=True)
class HoldOut:
    """Evaluation on the hold-out, with importance weights; the coverage is that of two halves."""

    galaxies: int
    tta_views: int
    rmse: float
    interval_coverage: Coverage | None = None


@dataclass(frozen=True)
class SpotCheck:
    """RMSE of a few validation galaxies, which a test measures again."""

    galaxies: int
    rule: str
    rmse: float


@dataclass(frozen=True)
class Validation(Score):
    """Evaluation on the validation set."""

    tta_views: int = 8
    spot_check: SpotCheck | None = None
    interval_coverage: Coverage | None = None
    answers: Mapping[str, Mapping[str, float | None]] = field(default_factory=dict)  # `plain_answers`, by column


@dataclass(frozen=True)
class CalibrationBins:
    """Calibration of one question's answers on the hold-out, in bins of the predicted fraction."""

    lower: Sequence[float]
    upper: Sequence[float]
    predicted: Sequence[float]
    voted: Sequence[float]
    count: Sequence[int]


@dataclass(frozen=True)
class Card:
    """Model card. Entries without a default are required to use the network."""

    model: str
    arguments: Mapping[str, Any]  # of `models.build`
    image_size: int  # side of the input in pixels
    crop: float  # fraction of the 424-pixel field of view
    mean: Sequence[float]  # of each channel, 0-1
    std: Sequence[float]
    columns: Sequence[str]
    data: str | None = None  # name of the training catalogue
    training_galaxies: int | None = None
    unlabeled_galaxies: int = 0  # among the training galaxies
    hold_out_galaxies: int | None = None
    excluded_galaxies: int | None = None
    training_mean: Sequence[float] | None = None  # (37,) vote fractions
    training_fingerprint: str | None = None
    recipe: Mapping[str, Any] = field(default_factory=dict)
    epochs: int | None = None
    best_epoch: int | None = None
    hold_out_rmse: float | None = None  # without TTA
    minutes: float | None = None
    hardware: str | None = None
    command: str | None = None
    version: str | None = None
    date: str | None = None
    note: str | None = None
    teachers: str | None = None
    teacher_views: int | None = None
    calibration: Mapping[int, CalibrationBins] = field(default_factory=dict)  # by question
    hold_out: HoldOut | None = None
    validation: Validation | None = None
    ood_reference: OODReference | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)  # entries of other versions
    interval_models: Mapping[int, IntervalModel] = field(default_factory=dict)  # by number of TTA views
    interval_checks: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)  # on the validation set, likewise
    vote_noise: Mapping[int, float] = field(default_factory=dict)  # of the validation set by question

    def interval_model(self, tta_views: int) -> IntervalModel | None:
        """Return the interval model of a number of TTA views, or of the next fewer; None if unknown.

        Fewer views err more, so these intervals are too long rather than too short.
        """
        fewer = [views for views in self.interval_models if views <= tta_views] or sorted(self.interval_models)[:1]
        return self.interval_models[max(fewer)] if fewer else None

    @classmethod
    def from_dict(cls, entries: Mapping[str, Any]) -> "Card":
        """Read a checkpoint's card, also of earlier versions; unknown entries are kept as `extra`.

        Raises
        ------
        TypeError, ValueError, AttributeError
            If an entry is missing or of another type.
        """
        known = {entry.name for entry in fields(cls)} | set(_RENAMED[cls]) | {"error_models"}  # of earlier intervals
        extra = {name: value for name, value in entries.items() if name not in known}
        return _read(cls, {**entries, "extra": extra})

    def to_dict(self) -> dict[str, Any]:
        """Return the entries as plain types for a checkpoint, without those that are None or empty."""
        entries = plain(self)
        return entries.pop("extra", {}) | entries


# Entries of earlier versions by their present names.
_RENAMED: Mapping[type, Mapping[str, str]] = {
    Card: {
        "unscored_galaxies": "unlabeled_galaxies",
        "never_seen": "excluded_galaxies",
        "learnt": "training_fingerprint",  # wording: quote
        "familiarity": "ood_reference",  # wording: quote
    },
    HoldOut: {"views": "tta_views"},
    Validation: {"views": "tta_views"},
    OODReference: {
        "galaxies": "training_galaxies",
        "held_out": "hold_out_galaxies",
        "axes": "components",
        "rest": "residual_variance",
    },
}
_RECORDS: Mapping[str, type] = {
    "hold_out": HoldOut,
    "validation": Validation,
    "ood_reference": OODReference,
    "interval_coverage": Coverage,
    "fractions": QuantileCurves,
    "shares": QuantileCurves,
    "spot_check": SpotCheck,
}
# Entries by number: None for plain values.
_BY_NUMBER: Mapping[str, type | None] = {
    "calibration": CalibrationBins,
    "interval_models": IntervalModel,
    "interval_checks": None,
    "vote_noise": None,
    "rmse_by_question": None,
    "mean_rmse_by_question": None,
    "standard_error_by_question": None,
    "by_question": None,
}


def _read(cls: type, entries: Mapping[str, Any]) -> Any:
    """Read a record and the records inside it; ignore unknown entries."""
    names = {entry.name for entry in fields(cls)}
    values: dict[str, Any] = {}
    for old, value in entries.items():
        name = _RENAMED.get(cls, {}).get(old, old)
        if name in _RECORDS and value is not None:
            value = _read(_RECORDS[name], value)
        elif name in _BY_NUMBER:
            kind = _BY_NUMBER[name]
            value = {int(number): _read(kind, one) if kind else one for number, one in value.items()}
        if name in names:
            values[name] = value
    return cls(**values)


def plain(value: Any) -> Any:
    """Return a record as plain types, without optional entries that are None or empty."""
    if is_dataclass(value):
        empty = {
            entry.name for entry in fields(value) if entry.default_factory is dict and not getattr(value, entry.name)
        }
        entries = {entry.name: plain(getattr(value, entry.name)) for entry in fields(value) if entry.name not in empty}
        return {name: entry for name, entry in entries.items() if entry is not None}
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    if isinstance(value, str | int | float | None):
        return value
    raise TypeError(f"a model card cannot hold a {type(value).__name__}: {value!r}")
