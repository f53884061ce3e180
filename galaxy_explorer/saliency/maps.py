"""Saliency maps: evidence for or against one answer, over one picture."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from galaxy_explorer.decision_tree import COLUMNS, INDEX, QUESTION_OF, SLICES
from galaxy_explorer.images import tta_views, undo_tta
from galaxy_explorer.models.networks import GalaxyNetwork
from galaxy_explorer.saliency.methods import METHODS, Progress

ROUNDING = 1e-6  # a maximum below this fraction of the map's largest magnitude is float32 rounding, not evidence


@dataclass(frozen=True)
class AnswerLogOdds:
    """Target of a saliency map: log-odds of an answer against the others of its question.

    With the logits z: ``z_answer − log Σ exp(z_other)``. A number added to all of a question's logits changes nothing.

    Parameters
    ----------
    column : str
        Score column of the answer, such as ``Class4.1``; another text raises ValueError.
    against : bool
        Negate the log-odds, to map the evidence against the answer.
    """

    column: str
    against: bool = False

    def __post_init__(self) -> None:
        if self.column not in INDEX:
            raise ValueError(f"there is no answer {self.column!r}; choose one of {COLUMNS[0]} to {COLUMNS[-1]}")

    def __call__(self, logits: torch.Tensor) -> torch.Tensor:
        """Return the log-odds, a scalar tensor, from the ``(37,)`` logits of one picture."""
        question, index = SLICES[QUESTION_OF[self.column].number], INDEX[self.column]
        others = torch.cat([logits[question.start : index], logits[index + 1 : question.stop]])
        log_odds = logits[index] - others.logsumexp(dim=0)
        return -log_odds if self.against else log_odds


@dataclass(frozen=True, eq=False)
class SaliencyMap:
    """Evidence for or against one answer, over the picture.

    Attributes
    ----------
    heat : (H, W) np.ndarray of float32
        The map at the picture's size, in [0, 1], divided by `maximum`: where, not how much. All 0 without evidence.
    maximum : float
        Largest value before clipping and scaling; at most 0 without evidence. Comparable between pictures and
        answers of one network and one method that is `Method.comparable`: Score-CAM's channel weights sum to 1
        whatever the answer gains (Wang et al. 2020).
    target : AnswerLogOdds
        The explained answer, and whether evidence is for or against it.
    method : str
        A key of `METHODS`.
    """

    heat: np.ndarray
    maximum: float
    target: AnswerLogOdds
    method: str

    @property
    def message(self) -> str:
        """Sentence, without a full stop, that the map is empty; empty if it is not."""
        if self.heat.any():
            return ""
        if not METHODS[self.method].per_answer:
            return "No pattern stands out in this picture"
        return f"No evidence {'against' if self.target.against else 'for'} this answer in this picture"


class _SplitNetwork(nn.Module):
    """A shared network in two halves, with a layer of its own between them for grad-cam's hooks.

    The network is not a submodule, so that grad-cam's ``eval()`` and ``zero_grad()`` do not reach it.
    """

    def __init__(self, network: GalaxyNetwork) -> None:
        super().__init__()
        self.cut = nn.Identity()
        self.halves = (network.features, network.logits_from_features)
        device = next(network.parameters()).device
        self.on_device = nn.Parameter(torch.empty(0, device=device), requires_grad=False)  # read by grad-cam

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        features, logits_from_features = self.halves
        # Gradients are needed at the feature maps; those of the picture would double the time.
        return logits_from_features(self.cut(features(images).requires_grad_()))


def saliency_map(
    network: GalaxyNetwork,
    inputs: np.ndarray | torch.Tensor,
    target: AnswerLogOdds,
    *,
    method: str = "Grad-CAM",
    views: int = 1,
    progress: Progress | None = None,
) -> SaliencyMap:
    """Compute a saliency map of one answer and one picture; safe in any number of threads.

    Parameters
    ----------
    network : GalaxyNetwork
        In evaluation mode with frozen parameters, as `checkpoints.load` returns it. It is not changed.
    inputs : (3, H, W) or (1, 3, H, W) np.ndarray or torch.Tensor of float32
        The picture as network input: normalised, as `images.for_prediction` returns it.
    target : AnswerLogOdds
        The answer, and whether to map evidence for or against it. Eigen-CAM's map is the same for all.
    method : str
        A key of `METHODS`.
    views : int
        Number of TTA views, 1 to 8: flips and rotations of a square picture. The map is the mean of theirs, like the
        prediction. With all eight, it rotates with the galaxy.
    progress : callable, optional
        Called by Score-CAM as ``progress(done, total)`` after each batch of channels, over all views; an error that
        it raises stops the computation.

    Returns
    -------
    SaliencyMap
        At the picture's size.

    Raises
    ------
    ValueError
        If there is no such method, the picture has another shape or holds NaN or inf, there are not 1 to 8 views or
        they are not of a square, or the network is in training mode or not frozen.

    Notes
    -----
    All methods work on the feature maps minus those of a picture of nothing but sky, whose colour is the median of the
    picture's edge: evidence is what differs from empty sky. The networks pad with zeros, which are not the sky, so that
    the maps of an empty picture have a frame.

    Score-CAM uses the `SCORE_CAM_CHANNELS` channels with the largest mean. It multiplies the normalised picture by a
    mask, which fades to the mean colour of the training galaxies, not to black. Masks are enlarged with aligned
    corners, as in grad-cam, so that at the rim they are off by up to half a cell. Its weights are positive, as are
    those of Grad-CAM++ and LayerCAM: these three rarely give an empty map.

    References
    ----------
    Grad-CAM: Selvaraju et al. 2017 (arXiv:1610.02391). Grad-CAM++: Chattopadhay et al. 2018
    (arXiv:1710.11063). HiResCAM: Draelos & Carin 2020 (arXiv:2011.08891). LayerCAM: Jiang et al. 2021 (IEEE
    Transactions on Image Processing 30, 5875). Eigen-CAM: Muhammad & Yeasin 2020 (arXiv:2008.00299).
    Score-CAM: Wang et al. 2020 (arXiv:1910.01279).
    """
    if method not in METHODS:
        raise ValueError(f"there is no saliency method {method!r}; choose one of {', '.join(METHODS)}")
    _check_frozen(network)
    # The caller's thread may have gradients switched off, and a tensor made in inference mode cannot have any.
    with torch.inference_mode(False), torch.enable_grad():
        picture = _as_tensor(inputs)
        empty = _maps_of_sky(network, picture)
        pictures = [picture] if views == 1 else tta_views(picture.cpu().numpy(), views)
        maps = [
            _raw_map(network, torch.as_tensor(view), empty, target, method, _part_of(progress, number, len(pictures)))
            for number, view in enumerate(pictures)
        ]
    raw = undo_tta(np.stack(maps)).mean(axis=0)
    return SaliencyMap(_heat(raw, picture.shape[2:]), float(raw.max()), target, method)


def _maps_of_sky(network: GalaxyNetwork, picture: torch.Tensor) -> np.ndarray:
    """Return the ``(1, C, h, w)`` feature maps of nothing but sky: the median of the edge."""
    edge = torch.cat([picture[..., 0], picture[..., -1], picture[..., 0, :], picture[..., -1, :]], dim=2)
    sky = edge.median(dim=2).values[..., None, None].expand_as(picture)
    with torch.no_grad():
        return network.features(sky.to(next(network.parameters()).device)).double().cpu().numpy()


def _raw_map(
    network: GalaxyNetwork,
    picture: torch.Tensor,
    empty: np.ndarray,
    target: AnswerLogOdds,
    method: str,
    progress: Progress | None,
) -> np.ndarray:
    """Return the ``(h, w)`` map of one picture, not clipped and scaled as by grad-cam."""
    split = _SplitNetwork(network)
    cam = METHODS[method].cam(split, [split.cut])
    cam.progress = progress
    hooks = cam.activations_and_grads
    try:
        picture = picture.to(cam.device)
        logits = hooks(picture)
        if cam.uses_gradients:
            target(logits[0]).backward()
        # In double precision Grad-CAM++ divides by no rounded zero, and Eigen-CAM repeats to the last digit.
        maps, *gradients = (each.double().numpy() for each in (*hooks.activations, *hooks.gradients))
        maps = maps - empty  # zero where there is sky, also at the edge, where padding makes a frame of it
        return cam.get_cam_image(picture, split.cut, [target], maps, gradients[0] if gradients else None, False)[0]
    finally:
        hooks.release()


def _part_of(progress: Progress | None, number: int, count: int) -> Progress | None:
    """Return a callback that reports the progress of one of several views as a part of all."""
    return progress and (lambda done, total: progress(number * total + done, count * total))


def _check_frozen(network: GalaxyNetwork) -> None:
    """Raise ValueError for a network in training mode, or with parameters that are not frozen."""
    if network.training:
        raise ValueError("the network is in training mode, where its predictions vary; call network.eval() first")
    for name, parameter in network.named_parameters():
        if parameter.requires_grad or parameter.is_inference():
            raise ValueError(
                f"the network's {name} is not frozen, or was made under inference_mode; load the network outside of "
                "inference_mode and call network.requires_grad_(False), as checkpoints.load does"
            )


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


def _heat(raw: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
    """Clip the ``(h, w)`` map at 0, scale its maximum to 1, and enlarge it to the picture."""
    if not np.isfinite(raw).all():
        raise ValueError("the network's maps hold NaN or inf for this picture; check its weights")
    if raw.max() <= ROUNDING * np.abs(raw).max():
        return np.zeros(size, dtype=np.float32)
    cells = torch.from_numpy(np.clip(raw / raw.max(), 0, 1).astype(np.float32))[None, None]
    heat = nn.functional.interpolate(cells, size, mode="bilinear", align_corners=False)
    return heat[0, 0].clamp(0, 1).numpy()
