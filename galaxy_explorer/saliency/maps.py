"""One map: what of a picture raises, or lowers, the log-odds of one answer."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from galaxy_explorer.decision_tree import COLUMNS, INDEX, QUESTION_OF, SLICES
from galaxy_explorer.images import tta_views, undo_tta
from galaxy_explorer.models.networks import GalaxyNetwork
from galaxy_explorer.saliency.methods import METHODS, Progress

ROUNDING = 1e-6  # a maximum below this part of the map's largest magnitude is float32's rounding, not evidence


@dataclass(frozen=True)
class AnswerLogOdds:
    """What is explained: the log-odds of an answer against the other answers of its question.

    With the logits z, ``z_answer − log Σ exp(z_other)``: one number added to all of a question's changes nothing.

    Parameters
    ----------
    column : str
        The answer's score column, such as ``Class4.1``; a ValueError says so if there is no such column.
    sign : int
        1 for what raises the answer, -1 for what lowers it.
    """

    column: str
    sign: int = 1

    def __post_init__(self) -> None:
        if self.column not in INDEX:
            raise ValueError(f"there is no answer {self.column!r}; choose one of {COLUMNS[0]} to {COLUMNS[-1]}")

    def __call__(self, logits: torch.Tensor) -> torch.Tensor:
        """Give the log-odds, a tensor without axes, from the ``(37,)`` logits of one picture."""
        where, index = SLICES[QUESTION_OF[self.column].number], INDEX[self.column]
        others = torch.cat([logits[where.start : index], logits[index + 1 : where.stop]])
        return self.sign * (logits[index] - others.logsumexp(dim=0))


@dataclass(frozen=True, eq=False)
class SaliencyMap:
    """Where a network looks for one answer.

    Attributes
    ----------
    heat : (H, W) np.ndarray of float32
        The map at the picture's size, in [0, 1], divided by `maximum`: it says where, not how much. All 0
        where nothing speaks for the answer (or, with `lowers`, against it).
    maximum : float
        The largest value before clipping and scaling, at or below 0 where nothing does. It can be
        compared between pictures and answers of one network and one method that is `Method.comparable`:
        Score-CAM's weights of the detectors sum to 1 whatever the answer gains (Wang et al. 2020).
    column, method : str
        The answer that was explained, and how (a key of `METHODS`).
    lowers : bool
        Whether the map shows what lowers the answer instead of what raises it.
    """

    heat: np.ndarray
    maximum: float
    column: str
    method: str
    lowers: bool

    @property
    def message(self) -> str:
        """Say that the map is empty, in a few words; empty where there is something to see."""
        if self.heat.any():
            return ""
        if not METHODS[self.method].per_answer:
            return "nothing here stands out"
        return f"nothing here {'lowers' if self.lowers else 'raises'} this answer"


class _Opened(nn.Module):
    """A shared network with a place between its halves, made for one call, that grad-cam may hook.

    The network is no part of this module, so grad-cam's ``eval()`` and ``zero_grad()`` do not reach it.
    """

    def __init__(self, network: GalaxyNetwork) -> None:
        super().__init__()
        self.between = nn.Identity()
        self.halves = (network.features, network.logits_from_features)
        device = next(network.parameters()).device
        self.place = nn.Parameter(torch.empty(0, device=device), requires_grad=False)  # tells grad-cam the device

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        features, logits_from_features = self.halves
        # Gradients are wanted at the maps; going on to the picture would double the time.
        return logits_from_features(self.between(features(images).requires_grad_()))


def saliency_map(
    network: GalaxyNetwork,
    inputs: np.ndarray | torch.Tensor,
    column: str,
    *,
    method: str = "Grad-CAM",
    lowers: bool = False,
    views: int = 1,
    progress: Progress | None = None,
) -> SaliencyMap:
    """Map where a network looks for one answer about one picture.

    Any number of threads may do so at once with one network.

    Parameters
    ----------
    network : GalaxyNetwork
        In evaluation mode with its parameters frozen, as `checkpoints.load` gives it. It is left as it was.
    inputs : (3, H, W) or (1, 3, H, W) np.ndarray or torch.Tensor of float32
        The picture as the network takes it: normalised, as `images.for_prediction` gives it.
    column : str
        The answer's score column, such as ``Class4.1``.
    method : str
        A key of `METHODS`.
    lowers : bool
        Show what lowers the answer: the same method on the negated log-odds. Eigen-CAM knows no answer
        and gives the same map.
    views : int
        How many of the eight flips and quarter turns of a square picture are explained, 1 to 8: the map is the mean of
        theirs, turned back, as a prediction is the mean over them. Of all eight, it turns as the galaxy is turned.
    progress : callable, optional
        Called by Score-CAM as ``progress(done, total)`` after each batch of channels, over all views.

    Returns
    -------
    SaliencyMap
        The map at the picture's size.

    Raises
    ------
    ValueError
        When there is no such answer or method, the picture has another shape or holds NaN, there are not 1 to 8
        views or they are of no square, or the network is in training mode or not frozen.

    Notes
    -----
    Score-CAM tries the `STRONGEST` channels with the largest mean. It multiplies the normalised picture by a
    mask, so what is masked out turns to the mean colour of the training galaxies, not to black; grad-cam enlarges the
    masks from corner to corner, so that at the rim they lie up to half a cell beside the map shown. Its weights
    are positive, as are those of Grad-CAM++ and LayerCAM: these three hardly ever give an empty map.

    References
    ----------
    Grad-CAM: Selvaraju et al. 2017 (arXiv:1610.02391). Grad-CAM++: Chattopadhay et al. 2018
    (arXiv:1710.11063). HiResCAM: Draelos & Carin 2020 (arXiv:2011.08891). LayerCAM: Jiang et al. 2021 (IEEE
    Transactions on Image Processing 30, 5875). Eigen-CAM: Muhammad & Yeasin 2020 (arXiv:2008.00299).
    Score-CAM: Wang et al. 2020 (arXiv:1910.01279).
    """
    if method not in METHODS:
        raise ValueError(f"there is no saliency method {method!r}; choose one of {', '.join(METHODS)}")
    target = AnswerLogOdds(column, sign=-1 if lowers else 1)
    _check_ready(network)
    # The caller's thread may have gradients switched off, and a tensor made in inference mode cannot have any.
    with torch.inference_mode(False), torch.enable_grad():
        picture = _checked_picture(inputs)
        seen = [picture] if views == 1 else tta_views(picture.cpu().numpy(), views)
        maps = [
            _raw_map(network, torch.as_tensor(view), target, method, _over_all(progress, number, len(seen)))
            for number, view in enumerate(seen)
        ]
    raw = undo_tta(np.stack(maps)).mean(axis=0)
    return SaliencyMap(_heat(raw, picture.shape[2:]), float(raw.max()), column, method, lowers)


def _raw_map(
    network: GalaxyNetwork, picture: torch.Tensor, target: AnswerLogOdds, method: str, progress: Progress | None
) -> np.ndarray:
    """Make the ``(h, w)`` map of one picture, neither clipped nor scaled."""
    opened = _Opened(network)
    with METHODS[method].cam(opened, [opened.between]) as cam:
        cam.progress = progress
        cam(picture, [target])
    raw: np.ndarray = cam.raw[0]
    return raw


def _over_all(progress: Progress | None, number: int, count: int) -> Progress | None:
    """Count the progress of one of several views as part of all."""
    return progress and (lambda done, total: progress(number * total + done, count * total))


def _check_ready(network: GalaxyNetwork) -> None:
    """Refuse a network that would answer at random or that the gradients would change."""
    if network.training:
        raise ValueError("the network is in training mode, where its answers vary; call network.eval() first")
    for name, parameter in network.named_parameters():
        if parameter.requires_grad or parameter.is_inference():
            raise ValueError(
                f"the network's {name} is not frozen, or was made under inference_mode; load the network outside of "
                "inference_mode and call network.requires_grad_(False), as checkpoints.load does"
            )


def _checked_picture(inputs: np.ndarray | torch.Tensor) -> torch.Tensor:
    """Copy the input as a ``(1, 3, H, W)`` float32 tensor."""
    if isinstance(inputs, torch.Tensor):
        picture = inputs.detach().to(torch.float32, copy=True)
    else:
        picture = torch.from_numpy(np.array(inputs, dtype=np.float32, order="C"))
    shape = tuple(picture.shape)
    picture = picture[None] if picture.ndim == 3 else picture
    if picture.ndim != 4 or picture.shape[:2] != (1, 3):
        raise ValueError(f"an input of shape {shape} was given; give one picture, (3, H, W) or (1, 3, H, W)")
    if not picture.isfinite().all():
        raise ValueError("the input holds NaN or infinity; give a normalised picture of finite numbers")
    return picture


def _heat(raw: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
    """Clip the ``(h, w)`` raw map at 0, scale its maximum to 1, and enlarge it to the picture's size."""
    if not np.isfinite(raw).all():
        raise ValueError("the network's maps hold NaN or infinity for this picture; check its weights")
    if raw.max() <= ROUNDING * np.abs(raw).max():
        return np.zeros(size, dtype=np.float32)
    cells = torch.from_numpy(np.clip(raw / raw.max(), 0, 1).astype(np.float32))[None, None]
    heat = nn.functional.interpolate(cells, size, mode="bilinear", align_corners=False)
    return heat[0, 0].clamp(0, 1).numpy()
