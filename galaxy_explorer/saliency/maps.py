"""Saliency maps: evidence for or against one answer, over one picture."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from galaxy_explorer.decision_tree import COLUMNS, INDEX, QUESTION_OF, SLICES
from galaxy_explorer.images import undo_tta
from galaxy_explorer.models.networks import GalaxyNetwork
from galaxy_explorer.saliency.features import FeatureMaps, check_frozen, feature_maps
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
        """Return the ``(...)`` log-odds of ``(..., 37)`` logits."""
        question, index = SLICES[QUESTION_OF[self.column].number], INDEX[self.column]
        others = torch.cat([logits[..., question.start : index], logits[..., index + 1 : question.stop]], dim=-1)
        log_odds = logits[..., index] - others.logsumexp(dim=-1)
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
    def nbytes(self) -> int:
        """Memory that it takes."""
        return self.heat.nbytes

    @property
    def message(self) -> str:
        """Sentence, without a full stop, that the map is empty; empty if it is not."""
        if self.heat.any():
            return ""
        if not METHODS[self.method].per_answer:
            return "No pattern stands out in this picture"
        return f"No evidence {'against' if self.target.against else 'for'} this answer in this picture"


class _Answers(nn.Module):
    """Answer logits of a shared network, for grad-cam.

    The network is not a submodule, so that grad-cam's ``eval()`` does not reach it.
    """

    def __init__(self, network: GalaxyNetwork) -> None:
        super().__init__()
        self.answer_logits = network.answer_logits
        device = next(network.parameters()).device
        self.on_device = nn.Parameter(torch.empty(0, device=device), requires_grad=False)  # read by grad-cam

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.answer_logits(images)


def saliency_map(
    network: GalaxyNetwork,
    inputs: np.ndarray | torch.Tensor | FeatureMaps,
    target: AnswerLogOdds,
    *,
    method: str = "HiResCAM",
    views: int = 1,
    progress: Progress | None = None,
) -> SaliencyMap:
    """Compute a saliency map of one answer and one picture; safe in any number of threads.

    Parameters
    ----------
    network : GalaxyNetwork
        In evaluation mode with frozen parameters, as `checkpoints.load` returns it. It is not changed.
    inputs : (3, H, W) or (1, 3, H, W) np.ndarray or torch.Tensor of float32, or FeatureMaps
        The picture as network input: normalised, as `images.for_prediction` returns it. Or its `feature_maps` by
        this network, which save the forward pass for further maps; `views` is then ignored.
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
    check_frozen(network)
    shared = inputs if isinstance(inputs, FeatureMaps) else feature_maps(network, [inputs], views)[0]
    raw = undo_tta(_raw_maps(network, shared, target, method, progress)).mean(axis=0)
    return SaliencyMap(_heat(raw, shared.picture.shape[2:]), float(raw.max()), target, method)


def _raw_maps(
    network: GalaxyNetwork, shared: FeatureMaps, target: AnswerLogOdds, method: str, progress: Progress | None
) -> np.ndarray:
    """Return the ``(V, h, w)`` maps of the views, not clipped and scaled as by grad-cam."""
    from galaxy_explorer.saliency.cams import CAMS  # takes a second or two, for which no prediction waits

    cam = CAMS[method](_Answers(network), [])
    gradients = None
    # The caller's thread may have gradients switched off.
    with torch.inference_mode(False), torch.enable_grad():
        if cam.uses_gradients:
            features = shared.features.detach().requires_grad_()
            log_odds = target(network.logits_from_features(features)).sum()  # no view changes another's gradient
            gradients = torch.autograd.grad(log_odds, features)[0].double().cpu().numpy()
        # In double precision Grad-CAM++ divides by no rounded zero, and Eigen-CAM repeats to the last digit. Zero where
        # there is sky, also at the edge, where padding makes a frame of it.
        above_sky = (shared.features.double() - shared.sky.double()).cpu().numpy()
        maps = []
        for number, view in enumerate(shared.views.split(1)):
            cam.progress = _part_of(progress, number, len(shared.features))
            one = slice(number, number + 1)
            gradient = gradients if gradients is None else gradients[one]
            maps.append(cam.get_cam_image(view, None, [target], above_sky[one], gradient, False)[0])
    return np.stack(maps)


def _part_of(progress: Progress | None, number: int, count: int) -> Progress | None:
    """Return a callback that reports the progress of one of several views as a part of all."""
    return progress and (lambda done, total: progress(number * total + done, count * total))


def _heat(raw: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
    """Clip the ``(h, w)`` map at 0, scale its maximum to 1, and enlarge it to the picture."""
    if not np.isfinite(raw).all():
        raise ValueError("the network's maps hold NaN or inf for this picture; check its weights")
    if raw.max() <= ROUNDING * np.abs(raw).max():
        return np.zeros(size, dtype=np.float32)
    cells = torch.from_numpy(np.clip(raw / raw.max(), 0, 1).astype(np.float32))[None, None]
    heat = nn.functional.interpolate(cells, size, mode="bilinear", align_corners=False)
    return heat[0, 0].clamp(0, 1).numpy()
