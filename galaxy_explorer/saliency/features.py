"""Feature maps of a picture's TTA views and of empty sky, for all its saliency maps."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from galaxy_explorer.images import tta_views
from galaxy_explorer.models.networks import GalaxyNetwork

_INPUTS_PER_PASS = 18  # of two pictures with eight views: more do not fit a CPU's cache


@dataclass(frozen=True, eq=False)
class FeatureMaps:
    """What all saliency maps of one picture share.

    Attributes
    ----------
    picture : (1, 3, H, W) torch.Tensor of float32
        The picture as network input.
    features : (V, C, h, w) torch.Tensor of float32
        `GalaxyNetwork.features` of its TTA views.
    sky : (1, C, h, w) torch.Tensor of float32
        `GalaxyNetwork.features` of a picture of nothing but sky, the median of the picture's edge.
    """

    picture: torch.Tensor
    features: torch.Tensor
    sky: torch.Tensor

    @property
    def views(self) -> torch.Tensor:
        """The ``(V, 3, H, W)`` TTA views as network inputs."""
        return _views(self.picture, len(self.features))

    @property
    def nbytes(self) -> int:
        """Memory that it takes."""
        return self.picture.nbytes + self.features.nbytes + self.sky.nbytes


def feature_maps(
    network: GalaxyNetwork, inputs: Sequence[np.ndarray | torch.Tensor] | np.ndarray, views: int = 1
) -> list[FeatureMaps]:
    """Compute what all maps of each picture share, in common forward passes.

    Parameters
    ----------
    network : GalaxyNetwork
        As in `saliency_map`.
    inputs : sequence of (3, H, W) or (1, 3, H, W) np.ndarray or torch.Tensor of float32
        Pictures of one size as network inputs.
    views : int
        Number of TTA views, 1 to 8.

    Returns
    -------
    list of FeatureMaps
        One for each picture, on the network's device.

    Raises
    ------
    ValueError
        As in `saliency_map`.
    """
    check_frozen(network)
    device = next(network.parameters()).device
    # A tensor made in inference mode cannot have gradients later.
    with torch.inference_mode(False), torch.no_grad():
        pictures = [_as_tensor(each) for each in inputs]
        seen = torch.cat([part for picture in pictures for part in (_views(picture, views), _sky_of(picture))])
        passes = seen.to(device, memory_format=torch.channels_last).split(_INPUTS_PER_PASS)
        of_each = torch.cat([network.features(part) for part in passes]).split(views + 1)
        # Clones: a slice would keep the maps of all pictures in memory.
        return [
            FeatureMaps(picture.to(device), maps[:views].clone(), maps[views:].clone())
            for picture, maps in zip(pictures, of_each, strict=True)
        ]


def check_frozen(network: GalaxyNetwork) -> None:
    """Raise ValueError for a network in training mode, or with parameters that are not frozen."""
    if network.training:
        raise ValueError("the network is in training mode, where its predictions vary; call network.eval() first")
    for name, parameter in network.named_parameters():
        if parameter.requires_grad or parameter.is_inference():
            raise ValueError(
                f"the network's {name} is not frozen, or was made under inference_mode; load the network outside of "
                "inference_mode and call network.requires_grad_(False), as checkpoints.load does"
            )


def _views(picture: torch.Tensor, count: int) -> torch.Tensor:
    """Return the TTA views of a ``(1, 3, H, W)`` picture; one view need not be a square."""
    if count == 1:
        return picture
    return torch.from_numpy(tta_views(picture.cpu().numpy(), count)[:, 0]).to(picture.device)


def _sky_of(picture: torch.Tensor) -> torch.Tensor:
    """Return a picture of nothing but sky, the median of the picture's edge."""
    edge = torch.cat([picture[..., 0], picture[..., -1], picture[..., 0, :], picture[..., -1, :]], dim=2)
    return edge.median(dim=2).values[..., None, None].expand_as(picture)


def _as_tensor(inputs: np.ndarray | torch.Tensor) -> torch.Tensor:
    """Copy the input to a ``(1, 3, H, W)`` float32 tensor."""
    if isinstance(inputs, torch.Tensor):
        picture = inputs.detach().to(torch.float32, copy=True)
    else:
        picture = torch.from_numpy(np.array(inputs, dtype=np.float32, order="C"))
    shape = tuple(picture.shape)
    picture = picture[None] if picture.ndim == 3 else picture
    if picture.ndim != 4 or picture.shape[:2] != (1, 3):
        raise ValueError(f"the input has shape {shape}; expected one picture, (3, H, W) or (1, 3, H, W)")
    if not picture.isfinite().all():
        raise ValueError("the input holds NaN or inf; expected a normalised picture")
    return picture
