"""The saliency methods, from the grad-cam package."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from pytorch_grad_cam import EigenCAM, GradCAM, GradCAMPlusPlus, HiResCAM, LayerCAM, ScoreCAM
from pytorch_grad_cam.base_cam import BaseCAM
from torch.nn.functional import interpolate

SCORE_CAM_CHANNELS = 64  # of all channels of a feature map; 1,024 of a DenseNet-121 would take most of a minute
_BATCH_SIZE = 16  # masked pictures of Score-CAM

Progress = Callable[[int, int], None]


class _EigenCAM(EigenCAM):
    """Eigen-CAM with a defined sign: bright where activations are high."""

    def get_cam_image(self, image: Any, layer: Any, targets: Any, maps: np.ndarray, *rest: Any) -> np.ndarray:
        component = super().get_cam_image(image, layer, targets, maps, *rest)
        activity = maps.mean(axis=1)
        return -component if np.sum(component * (activity - activity.mean())) < 0 else component


class _ScoreCAM(ScoreCAM):
    """Score-CAM over the strongest channels, with a progress callback instead of tqdm's bar."""

    progress: Progress | None = None

    def get_cam_image(self, image: Any, layer: Any, targets: Any, maps: np.ndarray, *rest: Any) -> np.ndarray:
        order = np.argsort(-maps[0].mean(axis=(1, 2)), kind="stable")
        return super().get_cam_image(image, layer, targets, maps[:, order[:SCORE_CAM_CHANNELS]], *rest)

    def get_cam_weights(self, image: torch.Tensor, _layer: Any, targets: Any, maps: np.ndarray, _: Any) -> np.ndarray:
        channels = torch.from_numpy(maps.astype(np.float32)).to(image.device)
        masks = interpolate(channels, image.shape[2:], mode="bilinear", align_corners=True)[0]
        lowest, highest = masks.amin(dim=(1, 2), keepdim=True), masks.amax(dim=(1, 2), keepdim=True)
        masks = (masks - lowest) / (highest - lowest + 1e-8)
        scores: list[torch.Tensor] = []
        with torch.no_grad():
            for batch in masks[:, None].split(_BATCH_SIZE):
                scores += [targets[0](logits) for logits in self.model(image * batch)]
                if self.progress:
                    self.progress(len(scores), len(masks))
        return torch.stack(scores).softmax(dim=0)[None].cpu().numpy()


@dataclass(frozen=True)
class Method:
    """A saliency method.

    Parameters
    ----------
    explanation : str
        One sentence for the page.
    cam : type
        The grad-cam class.
    per_answer : bool
        False if every answer has the same map.
    comparable : bool
        False if maxima cannot be compared between answers and pictures.
    """

    explanation: str
    cam: type[BaseCAM]
    per_answer: bool = True
    comparable: bool = True


METHODS = {
    "Grad-CAM": Method("Adds up all feature maps, each weighted by the answer's mean gradient.", GradCAM),
    "Grad-CAM++": Method("Like Grad-CAM, with positive gradients only: several small features show.", GradCAMPlusPlus),
    "HiResCAM": Method("Weights every cell of the feature maps by the answer's gradient in that cell.", HiResCAM),
    "LayerCAM": Method("Like HiResCAM, with positive gradients only: more shows and nothing cancels.", LayerCAM),
    "Eigen-CAM": Method(
        "Shows the strongest pattern in all feature maps: the same for every answer, for and against.",
        _EigenCAM,
        per_answer=False,
        comparable=False,
    ),
    "Score-CAM": Method(
        f"Masks the picture with {SCORE_CAM_CHANNELS} feature maps and predicts the answer each time: takes a while.",
        _ScoreCAM,
        comparable=False,
    ),
}
