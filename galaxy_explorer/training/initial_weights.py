"""Where a run's weights begin: at random, at another run's, or at ImageNet's."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.error import URLError

import torch
from torchvision.models import DenseNet121_Weights, DenseNet169_Weights, DenseNet201_Weights, WeightsEnum

from galaxy_explorer.models.checkpoints import load
from galaxy_explorer.models.networks import GalaxyNetwork
from galaxy_explorer.training.distillation.leakage import refuse_if_learnt
from galaxy_explorer.training.recipe import Recipe
from galaxy_explorer.training.resume import TrainingError

# The DenseNets that torchvision has ImageNet weights of, by growth rate, blocks and channels of the stem.
IMAGENET: Mapping[tuple[int, tuple[int, ...], int], WeightsEnum] = {
    (32, (6, 12, 24, 16), 64): DenseNet121_Weights.IMAGENET1K_V1,
    (32, (6, 12, 32, 32), 64): DenseNet169_Weights.IMAGENET1K_V1,
    (32, (6, 12, 48, 32), 64): DenseNet201_Weights.IMAGENET1K_V1,
}


def start_from_imagenet(
    network: GalaxyNetwork, recipe: Recipe, known: Mapping[tuple[int, tuple[int, ...], int], WeightsEnum] = IMAGENET
) -> None:
    """Load torchvision's ImageNet weights into all but the answers of a DenseNet.

    Parameters
    ----------
    network : GalaxyNetwork
        Built by the recipe; its weights are changed in place.
    recipe : Recipe
        Says which DenseNet it is.
    known : mapping, optional
        What there is to download.

    Raises
    ------
    TrainingError
        When torchvision has no weights of this network, or they cannot be downloaded.
    """
    weights = known.get((recipe.growth_rate, recipe.blocks, recipe.initial_features))
    if recipe.model != "densenet" or weights is None:
        raise TrainingError(
            "--pretrained needs a network that torchvision has ImageNet weights of: --model densenet with its default "
            "--growth-rate, --blocks and --initial-features (DenseNet-121; --blocks 6 12 32 32 is -169, 6 12 48 32 is -201)"
        )
    try:
        theirs = weights.get_state_dict(progress=False, check_hash=True)
    except (URLError, OSError, RuntimeError) as error:
        raise TrainingError(
            f"ImageNet's weights cannot be had from {weights.value.url} ({error}); go online, or put that file into "
            f"{torch.hub.get_dir()}/checkpoints, or leave --pretrained away: from scratch needs no download"
        ) from error
    # The published file names layers "norm.1" that torchvision calls "norm1" today.
    renamed = {re.sub(r"\b(norm|conv)\.(\d)\.", r"\1\2.", name): value for name, value in theirs.items()}
    ours = network.state_dict()
    for name in ours:
        layer = name.partition(".")[2]
        if f"features.{layer}" in renamed:
            ours[name] = renamed[f"features.{layer}"]
    network.load_state_dict(ours)


def start_from_file(network: GalaxyNetwork, file: str | Path, kept_back: Sequence[str] = ()) -> dict[str, Any]:
    """Load the weights of another run into a network of the same shape.

    Parameters
    ----------
    network : GalaxyNetwork
        Its weights are changed in place.
    file : str or Path
        Weights with a card, or the name of weights that ship.
    kept_back : sequence of str
        The galaxies that the run is judged by.

    Returns
    -------
    dict
        The card of the file.

    Raises
    ------
    CheckpointError
        When the file cannot be loaded.
    TrainingError
        When its network has other layers, or has learnt from galaxies that the run is judged by.
    """
    theirs, card = load(file)
    refuse_if_learnt(str(file), card, kept_back)
    try:
        network.load_state_dict(theirs.state_dict())
    except RuntimeError as error:
        raise TrainingError(
            f"{file} holds a {card['model']} with {card['arguments']}, which does not fit the network of this run; "
            "give the flags that it was trained with"
        ) from error
    return card
