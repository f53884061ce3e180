"""Initial weights of a run from a checkpoint or from ImageNet."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.error import URLError

import torch

from galaxy_explorer.models.checkpoints import load
from galaxy_explorer.models.networks import GalaxyNetwork
from galaxy_explorer.training.distillation.leakage import check_no_leakage
from galaxy_explorer.training.recipe import Recipe
from galaxy_explorer.training.resume import TrainingError

if TYPE_CHECKING:
    from torchvision.models import WeightsEnum

Sizes = tuple[int, tuple[int, ...], int]  # growth rate, blocks and channels of the stem


def imagenet_weights() -> "dict[Sizes, WeightsEnum]":
    """Return the DenseNets with ImageNet weights in torchvision, whose import takes two seconds."""
    from torchvision.models import DenseNet121_Weights, DenseNet169_Weights, DenseNet201_Weights

    return {
        (32, (6, 12, 24, 16), 64): DenseNet121_Weights.IMAGENET1K_V1,
        (32, (6, 12, 32, 32), 64): DenseNet169_Weights.IMAGENET1K_V1,
        (32, (6, 12, 48, 32), 64): DenseNet201_Weights.IMAGENET1K_V1,
    }


def start_from_imagenet(
    network: GalaxyNetwork, recipe: Recipe, offered: "Mapping[Sizes, WeightsEnum] | None" = None
) -> None:
    """Load torchvision's ImageNet weights into all layers of a DenseNet but the last, in place.

    Raises
    ------
    TrainingError
        If torchvision has no weights of this network, or they cannot be downloaded.
    """
    offered = imagenet_weights() if offered is None else offered
    weights = offered.get((recipe.growth_rate, recipe.blocks, recipe.initial_features))
    if recipe.model != "densenet" or weights is None:
        raise TrainingError(
            "--pretrained needs a network with ImageNet weights in torchvision: --model densenet with the default "
            "--growth-rate, --initial-features and --blocks (DenseNet-121), or --blocks 6 12 32 32 (-169) or "
            "6 12 48 32 (-201)"
        )
    try:
        pretrained = weights.get_state_dict(progress=False, check_hash=True)
    except (URLError, OSError, RuntimeError) as error:
        raise TrainingError(
            f"the ImageNet weights cannot be downloaded from {weights.value.url} ({error}); connect to the internet, "
            f"or put that file into {torch.hub.get_dir()}/checkpoints, or train without --pretrained"
        ) from error
    # The published file names layers "norm.1" that torchvision calls "norm1" today.
    renamed = {re.sub(r"\b(norm|conv)\.(\d)\.", r"\1\2.", name): value for name, value in pretrained.items()}
    state = network.state_dict()
    for name in state:
        layer = name.partition(".")[2]
        if f"features.{layer}" in renamed:
            state[name] = renamed[f"features.{layer}"]
    network.load_state_dict(state)


def start_from_file(network: GalaxyNetwork, file: str | Path, evaluation_ids: Sequence[str] = ()) -> str | None:
    """Load the weights of a checkpoint into a network; return their training-set fingerprint.

    Raises
    ------
    TrainingError
        If the network has other layers, or was trained on galaxies that the run is evaluated on.
    """
    pretrained = load(file)
    card = pretrained.card
    check_no_leakage(str(file), card.training_fingerprint, evaluation_ids)
    try:
        network.load_state_dict(pretrained.network.state_dict())
    except RuntimeError as error:
        raise TrainingError(
            f"{file} holds a {card.model} with {card.arguments}, which does not fit the network of this run; "
            "use the flags that it was trained with"
        ) from error
    return card.training_fingerprint
