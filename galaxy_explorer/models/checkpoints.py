"""Weights and their card in one file; strict, safe loading.

A checkpoint is ``{"weights": state dict, "card": dict of plain types}``. The card says all that is
needed to use the weights, so nothing is guessed: the model and its arguments, the preprocessing, and
what was measured.
"""

import io
import pickle
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.models.networks import GalaxyNetwork, build
from galaxy_explorer.storage import bundled, write_atomic

WEIGHTS = bundled("weights")

# What a card must say before a network can be used.
REQUIRED = ("model", "arguments", "image_size", "crop", "mean", "std", "columns")

# What a damaged file makes torch.load raise.
UNREADABLE = (
    *(OSError, EOFError, RuntimeError, ValueError, LookupError, TypeError, AttributeError, AssertionError),
    *(struct.error, pickle.UnpicklingError),
)


class CheckpointError(ValueError):
    """A file of weights that cannot be used, with the reason and what to do."""


def available(folder: Path = WEIGHTS) -> dict[str, Path]:
    """List the networks that ship with the project.

    Returns
    -------
    dict of str to Path
        File by name, for instance ``{"densenet": …/weights/densenet.pt}``.
    """
    return {path.stem: path for path in sorted(folder.glob("*.pt"))}


def find(name: str | Path, folder: Path = WEIGHTS) -> Path:
    """Find the file of a network by its name (``densenet``), or take a path as it is.

    Raises
    ------
    CheckpointError
        When there is neither.
    """
    shipped = available(folder)
    if str(name) in shipped:
        return shipped[str(name)]
    if Path(name).is_file():
        return Path(name)
    known = ", ".join(shipped) or "none"
    raise CheckpointError(
        f"{name} is neither a file nor a network of this project (there are: {known}); "
        "give one of these names or the path of a .pt file that train.py wrote"
    )


def save(path: str | Path, network: GalaxyNetwork, card: dict[str, Any]) -> None:
    """Write a network's weights in half precision, with their card, in one step.

    Parameters
    ----------
    path : str or Path
        The file; it is replaced at once when the new one is complete.
    network : GalaxyNetwork
        The network whose weights are stored.
    card : dict
        Plain types only. `REQUIRED` names what it must hold.

    Raises
    ------
    CheckpointError
        When the card lacks a required entry or holds what `load` would refuse, or a weight is not finite in
        half precision.
    """
    lacking = [name for name in REQUIRED if name not in card]
    if lacking:
        raise CheckpointError(f"the card of {path} lacks {', '.join(lacking)}; it must say {', '.join(REQUIRED)}")
    foreign = list(_foreign(card, "card"))
    if foreign:
        raise CheckpointError(
            f"the card of {path} holds {', '.join(foreign)}; a card can hold plain numbers, texts, lists and dicts "
            "alone: turn NumPy's numbers into Python's with float() or tolist()"
        )
    weights = {
        name: (value.half() if value.is_floating_point() else value).cpu().contiguous().clone()
        for name, value in network.state_dict().items()
    }
    endless = [name for name, value in weights.items() if not value.isfinite().all()]
    if endless:
        raise CheckpointError(
            f"the weights {', '.join(endless[:3])} hold NaN or more than half precision can take; "
            "the training has gone astray: start it again with a lower learning rate"
        )
    write_atomically({"weights": weights, "card": card}, path)


def _foreign(value: object, where: str) -> Iterator[str]:
    """Name the parts of a card that are of other than plain types; NumPy's float64 only looks like a float."""
    if type(value) is dict:
        for key, part in value.items():
            yield from _foreign(key, f"a key of {where}")
            yield from _foreign(part, f"{where}[{key!r}]")
    elif type(value) is list or type(value) is tuple:
        for index, part in enumerate(value):
            yield from _foreign(part, f"{where}[{index}]")
    elif type(value) not in (str, int, float, bool, type(None)):
        yield f"a {type(value).__name__} in {where}"


def write_atomically(content: dict[str, Any], path: str | Path) -> None:
    """Write what ``torch.save`` makes in one step; a full disk is an OSError, and not torch's own."""
    written = io.BytesIO()
    torch.save(content, written)
    try:
        write_atomic(Path(path), written.getbuffer())
    except OSError as error:
        raise OSError(
            f"{path} cannot be written ({error.strerror or error}); make room, or name another place"
        ) from error


def load(name: str | Path, device: str | torch.device = "cpu") -> tuple[GalaxyNetwork, dict[str, Any]]:
    """Load a network, ready to predict, and its card.

    Parameters
    ----------
    name : str or Path
        A name from `available`, or a file that `save` wrote.
    device : str or torch.device
        Where the network is put.

    Returns
    -------
    network : GalaxyNetwork
        In evaluation mode, float32, its parameters frozen.
    card : dict
        What the file says of itself.

    Raises
    ------
    CheckpointError
        When the file cannot be read, is no checkpoint, or is for other columns than the tree's.
    """
    path = find(name)
    card, weights = _read(path)
    columns = card["columns"] if isinstance(card["columns"], (list, tuple)) else ()
    if tuple(columns) != COLUMNS:
        raise CheckpointError(
            f"{path} was trained for {len(columns)} columns, {', '.join(map(str, columns[:3]))}…, which are not "
            f"the {len(COLUMNS)} of the Galaxy Zoo 2 tree in their order; train it again with train.py"
        )
    try:
        network = build(card["model"], **card["arguments"])
        network.load_state_dict(
            {key: value.float() if value.is_floating_point() else value for key, value in weights.items()}
        )
    except (ValueError, RuntimeError, TypeError, AttributeError) as error:
        raise CheckpointError(f"the weights in {path} do not fit the network its card names: {error}") from error
    network.to(device).eval().requires_grad_(False)
    return network, card


def read_card(path: str | Path) -> dict[str, Any]:
    """Read the card of a file alone.

    Raises
    ------
    CheckpointError
        When the file cannot be read or is no checkpoint.
    """
    return _read(Path(path))[0]


def _read(path: Path) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
    """Read card and weights, without running any code that the file may hold."""
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:  # its own words tell how to run the code in the file
        raise CheckpointError(
            f"{path} holds something else than weights and plain values, or code, and was not opened; "
            "give a .pt file that train.py wrote"
        ) from error
    except UNREADABLE as error:
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise CheckpointError(f"{path} cannot be read as weights ({reason}); copy or train it again") from error
    if not isinstance(content, dict) or not all(isinstance(content.get(part), dict) for part in ("weights", "card")):
        raise CheckpointError(f"{path} holds no weights with a card; give a .pt file that train.py wrote")
    lacking = [name for name in REQUIRED if name not in content["card"]]
    if lacking:
        raise CheckpointError(f"the card in {path} lacks {', '.join(lacking)}; train it again with train.py")
    return content["card"], content["weights"]
