"""Checkpoints: weights and model card in one file.

A file holds ``{"weights": state dict, "card": plain types}``. Loading is strict, and never runs code in the file.
It may hold ``"placement"``, which `models.placements` describes.
"""

import io
import pickle
import struct
from pathlib import Path
from typing import Any

import numpy as np
import torch

from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.models.card import Card
from galaxy_explorer.models.model import Model
from galaxy_explorer.models.networks import build
from galaxy_explorer.models.placements import as_stored, fingerprint_of, usable_placement
from galaxy_explorer.storage import bundled, write_atomic

WEIGHTS = bundled("weights")

# Card entries that a network cannot be used without.
REQUIRED = ("model", "arguments", "image_size", "crop", "mean", "std", "columns")

Numbers = tuple[Any, tuple[int, ...], float, float]  # a value on a card, its shape, and its range

# Errors of torch.load for a damaged file.
UNREADABLE = (
    OSError,
    EOFError,
    RuntimeError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    AssertionError,
    struct.error,
    pickle.UnpicklingError,
)


class CheckpointError(ValueError):
    """A checkpoint that cannot be used, with the reason and what to do."""


def available(folder: Path = WEIGHTS) -> dict[str, Path]:
    """Return the checkpoints of a folder, by default the bundled ones, by the file's stem."""
    return {path.stem: path for path in sorted(folder.glob("*.pt"))}


def find(name: str | Path, folder: Path = WEIGHTS) -> Path:
    """Return the checkpoint of a bundled model (``densenet``), or a path as it is.

    Raises
    ------
    CheckpointError
        If there is neither.
    """
    bundled_models = available(folder)
    if str(name) in bundled_models:
        return bundled_models[str(name)]
    if Path(name).is_file():
        return Path(name)
    raise CheckpointError(
        f"{name} is neither a file nor a model of this project (there are: {', '.join(bundled_models) or 'none'}); "
        "expected one of these names or the path of a checkpoint of train.py"
    )


def save(path: str | Path, model: Model) -> None:
    """Write a checkpoint atomically, with the weights in half precision.

    A placement that is not that of these weights is left out.

    Raises
    ------
    CheckpointError
        If a weight is not finite in half precision.
    """
    weights = {
        name: (value.half() if value.is_floating_point() else value).cpu().contiguous().clone()
        for name, value in model.network.state_dict().items()
    }
    if infinite := [name for name, value in weights.items() if not value.isfinite().all()]:
        raise CheckpointError(
            f"the weights {', '.join(infinite[:3])} hold NaN or more than half precision can represent: training "
            "diverged; start it again with a lower learning rate"
        )
    content: dict[str, Any] = {"weights": weights, "card": model.card.to_dict()}
    if model.placement and (own := usable_placement(model.placement, fingerprint_of(weights, model.card))):
        content["placement"] = as_stored(own)
    torch_save_atomic(content, path)


def torch_save_atomic(content: dict[str, Any], path: str | Path) -> None:
    """Write with ``torch.save``, atomically; a full disk is an OSError with the remedy."""
    written = io.BytesIO()
    torch.save(content, written)
    try:
        write_atomic(Path(path), written.getbuffer())
    except OSError as error:
        raise OSError(
            f"{path} cannot be written ({error.strerror or error}); free some space, or write to another folder"
        ) from error


def load(name: str | Path, device: str | torch.device = "cpu") -> Model:
    """Load a model: network in evaluation mode, float32, with frozen parameters.

    Parameters
    ----------
    name : str or Path
        A name from `available`, or a file that `save` wrote.
    device : str or torch.device
        Device of the network.

    Raises
    ------
    CheckpointError
        If the file cannot be read, is not a checkpoint, or is for other columns than the decision tree's.
    """
    path = find(name)
    card, weights, placement = _read(path)
    _check_numbers(path, _preprocessing(card))
    columns = card.columns if isinstance(card.columns, (list, tuple)) else ()
    if tuple(columns) != COLUMNS:
        raise CheckpointError(
            f"{path} was trained for {len(columns)} columns, {', '.join(map(str, columns[:3]))}…; expected "
            f"the {len(COLUMNS)} of the Galaxy Zoo 2 tree in their order: train it again with train.py"
        )
    try:
        network = build(card.model, **card.arguments)
        network.load_state_dict({key: v.float() if v.is_floating_point() else v for key, v in weights.items()})
    except (ValueError, RuntimeError, TypeError, AttributeError, ArithmeticError, MemoryError) as error:
        raise CheckpointError(f"the weights in {path} do not fit the network on its card: {error}") from error
    _check_numbers(path, _out_of_distribution(card, weights["to_answers.weight"].shape[1]))
    network.to(device).eval().requires_grad_(False)
    return Model(network, card, placement)


def _preprocessing(card: Card) -> dict[str, Numbers]:
    """Return the numbers of a card that the preprocessing uses."""
    return {
        "image_size": (card.image_size, (), 16, 1024),  # more would take gigabytes for a picture
        "crop": (card.crop, (), 0.01, 1),
        "mean": (card.mean, (3,), 0, 1),
        "std": (card.std, (3,), 1e-3, 1),
    }


def _out_of_distribution(card: Card, width: int) -> dict[str, Numbers]:
    """Return the numbers of a card that the OOD score of ``width`` features uses."""
    if (reference := card.ood_reference) is None:
        return {}
    count = np.shape(reference.variances)[:1] if isinstance(reference.variances, list) else (1,)
    return {
        "mean of ood_reference": (reference.mean, (width,), -1e9, 1e9),
        "components of ood_reference": (reference.components, (*count, width), -1e9, 1e9),
        "variances of ood_reference": (reference.variances, count, 1e-30, 1e9),
        "residual_variance of ood_reference": (reference.residual_variance, (), 1e-30, 1e9),
        "threshold of ood_reference": (reference.threshold, (), 1e-9, 1e9),
    }


def _check_numbers(path: Path, numbers: dict[str, Numbers]) -> None:
    """Raise CheckpointError for a value without its shape, or beyond its range."""
    for name, (value, shape, low, high) in numbers.items():
        try:
            array = np.asarray(value)
        except ValueError:  # lists of different lengths
            array = np.empty(0)
        within = (
            array.dtype.kind in ("iu" if name == "image_size" else "iuf")
            and array.shape == shape
            and bool(((low <= array) & (array <= high)).all())
        )
        if not within:
            count = f"{' × '.join(map(str, shape))} numbers" if shape else "a number"
            raise CheckpointError(
                f"the card in {path} has {str(value)[:60]!r} as {name}; expected {count} from {low:g} to {high:g}: "
                "train it again with train.py"
            )


def read_card(path: str | Path) -> Card:
    """Read the model card of a checkpoint.

    Raises
    ------
    CheckpointError
        If the file cannot be read or is not a checkpoint.
    """
    return _read(Path(path))[0]


def read_placement(name: str | Path) -> dict[str, Any] | None:
    """Read the placement of a checkpoint; None if it has none that was fitted to its weights.

    Parameters
    ----------
    name : str or Path
        As in `load`.

    Returns
    -------
    dict or None
        As `models.placements` describes it, with arrays of float32.

    Raises
    ------
    CheckpointError
        If the file cannot be read or is not a checkpoint.
    """
    return _read(find(name))[2]


def _read(path: Path) -> tuple[Card, dict[str, torch.Tensor], dict[str, Any] | None]:
    """Read card, weights and placement, without running code that the file may hold."""
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:  # its own message tells how to run the code in the file
        raise CheckpointError(
            f"{path} holds other things than weights and plain values, or code, and was not opened; "
            "expected a checkpoint of train.py"
        ) from error
    except UNREADABLE as error:
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise CheckpointError(f"{path} cannot be read as a checkpoint ({reason}); copy or train it again") from error
    if not isinstance(content, dict) or not all(isinstance(content.get(part), dict) for part in ("weights", "card")):
        raise CheckpointError(f"{path} does not hold weights with a model card; expected a checkpoint of train.py")
    if lacking := [name for name in REQUIRED if name not in content["card"]]:
        raise CheckpointError(f"the card in {path} lacks {', '.join(lacking)}; train it again with train.py")
    try:
        card, weights, stored = Card.from_dict(content["card"]), content["weights"], content.get("placement")
        return card, weights, usable_placement(stored, fingerprint_of(weights, card)) if stored else None
    except (ValueError, TypeError, AttributeError) as error:
        raise CheckpointError(f"the card in {path} cannot be read ({error}); train it again with train.py") from error
