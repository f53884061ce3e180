"""Where a network looks when it leans towards one answer, or away from it, by the methods of the grad-cam package.

What is explained is the log-odds of the answer against the other answers of its question, before the
masses of the tree. Its logit alone would not do: one number added to all logits of a question changes
no share, but would change the map.

A network that threads share stays as it is: grad-cam hooks a place made for one call, never the network.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import FunctionType, SimpleNamespace
from typing import Any

import numpy as np
import torch
from pytorch_grad_cam import EigenCAM, GradCAM, GradCAMPlusPlus, HiResCAM, LayerCAM, ScoreCAM
from pytorch_grad_cam.base_cam import BaseCAM
from torch import nn

from galaxy_explorer.decision_tree import COLUMNS, INDEX, QUESTION_OF, SLICES
from galaxy_explorer.models import GalaxyNetwork

STRONGEST = 64  # the channels that Score-CAM tries; all 1,024 of a DenseNet-121 would take most of a minute
ROUNDING = 1e-6  # a maximum below this part of the map's largest magnitude is float32's rounding, not evidence

Progress = Callable[[int, int], None]


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


class _RawMap(BaseCAM):
    """Mixed into a method: keep its map as it is before grad-cam clips and scales it, and let errors out."""

    raw: np.ndarray

    def get_cam_image(self, *arguments: Any) -> np.ndarray:
        # In double precision Grad-CAM++ divides by no rounded zero, and Eigen-CAM repeats to the last digit.
        wide = [value.astype(np.float64) if isinstance(value, np.ndarray) else value for value in arguments]
        self.raw = super().get_cam_image(*wide)
        return self.raw

    def __exit__(self, *error: object) -> None:  # grad-cam's own swallows an IndexError
        self.activations_and_grads.release()


def _raw(cam: type[BaseCAM]) -> type[BaseCAM]:
    """Mix `_RawMap` into a method of grad-cam."""
    return type(f"Raw{cam.__name__}", (_RawMap, cam), {})


class _EigenCAM(EigenCAM):
    """Eigen-CAM with the sign that the decomposition leaves open: bright where the maps are most active."""

    def get_cam_image(self, images: Any, layer: Any, targets: Any, maps: np.ndarray, *rest: Any) -> np.ndarray:
        component = super().get_cam_image(images, layer, targets, maps, *rest)
        activity = maps.mean(axis=1)
        return -component if np.sum(component * (activity - activity.mean())) < 0 else component


class _ScoreCAM(ScoreCAM):
    """Score-CAM over the strongest channels alone, which tells the caller of its progress and not the console."""

    batch_size = 16
    progress: Progress | None = None

    def get_cam_image(self, images: Any, layer: Any, targets: Any, maps: np.ndarray, *rest: Any) -> np.ndarray:
        order = np.argsort(-maps[0].mean(axis=(1, 2)), kind="stable")
        maps = maps[:, order[:STRONGEST]].astype(np.float32)  # the network's precision: they multiply its input
        return super().get_cam_image(images, layer, targets, maps, *rest)

    def get_cam_weights(self, *arguments: Any) -> np.ndarray:
        # The package's own function; where it looks for tqdm, which would draw on the console, it finds a counter.
        method = ScoreCAM.get_cam_weights
        surroundings = {**method.__globals__, "tqdm": SimpleNamespace(tqdm=self._counted)}
        return FunctionType(method.__code__, surroundings)(self, *arguments)

    def _counted(self, starts: range) -> Iterator[int]:
        """Walk over the batches' first channels, telling how many channels are done after each."""
        for start in starts:
            yield start
            if self.progress:
                self.progress(min(start + self.batch_size, starts.stop), starts.stop)


@dataclass(frozen=True)
class Method:
    """One way to make a saliency map."""

    name: str
    explanation: str  # one sentence for the page
    cam: type[BaseCAM]  # the grad-cam class that does it
    per_answer: bool = True  # False where every answer has the same map
    comparable: bool = True  # False where the strongest point does not tell how much speaks for an answer


# fmt: off
_TABLE = (
    Method("Grad-CAM",
           "Adds up what the network's detectors found, each weighted by how much the answer depends on it on average.", _raw(GradCAM)),
    Method("Grad-CAM++",
           "Like Grad-CAM, but counts only dependence in the direction asked about, so that several small features can all show.", _raw(GradCAMPlusPlus)),
    Method("HiResCAM",
           "Weighs what each detector found in each place by the answer's dependence on that very place.", _raw(HiResCAM)),
    Method("LayerCAM",
           "Like HiResCAM, but leaves out what pulls the other way, so that more shows and nothing cancels.", _raw(LayerCAM)),
    Method("Eigen-CAM",
           "Shows the strongest pattern in what all detectors found: it is the same for every answer, raised or lowered.", _raw(_EigenCAM), per_answer=False, comparable=False),
    Method("Score-CAM",
           f"Shows the network the picture through each of its {STRONGEST} strongest detectors and watches the answer, so it takes a while.", _raw(_ScoreCAM), comparable=False),
)
# fmt: on
METHODS: dict[str, Method] = {method.name: method for method in _TABLE}


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
    progress : callable, optional
        Called by Score-CAM as ``progress(done, total)`` after each batch of channels.

    Returns
    -------
    SaliencyMap
        The map at the picture's size.

    Raises
    ------
    ValueError
        When there is no such answer or method, the picture has another shape or holds NaN, or the network
        is in training mode or not frozen.

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
        opened = _Opened(network)
        with METHODS[method].cam(opened, [opened.between]) as cam:
            cam.progress = progress
            cam(picture, [target])
    raw = cam.raw[0]
    return SaliencyMap(_heat(raw, picture.shape[2:]), float(raw.max()), column, method, lowers)


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
