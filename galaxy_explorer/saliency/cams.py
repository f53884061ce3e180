"""The grad-cam classes of the saliency methods; importing them takes longer than torch."""

from typing import Any

import numpy as np
import torch
from pytorch_grad_cam import EigenCAM, GradCAM, GradCAMPlusPlus, HiResCAM, LayerCAM, ScoreCAM
from pytorch_grad_cam.base_cam import BaseCAM
from torch.nn.functional import interpolate

from galaxy_explorer.saliency.methods import SCORE_CAM_CHANNELS, Progress

_BATCH_SIZE = 16  # masked pictures of Score-CAM


class _EigenCAM(EigenCAM):
    """Eigen-CAM with a defined sign: bright where activations are high."""

    def get_cam_image(self, image: Any, layer: Any, targets: Any, maps: np.ndarray, *rest: Any) -> np.ndarray:
        # grad-cam decomposes the maps with all their components, which takes many times as long as the first one.
        cells = maps.reshape(*maps.shape[:2], -1).transpose(0, 2, 1)
        cells = cells - cells.mean(axis=1, keepdims=True)
        values, vectors = np.linalg.eigh(cells @ cells.transpose(0, 2, 1))
        component = vectors[..., -1] * np.sqrt(values[:, -1:].clip(min=0))
        component = component.reshape(len(maps), *maps.shape[2:])
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


CAMS: dict[str, type[BaseCAM]] = {
    "HiResCAM": HiResCAM,
    "Grad-CAM": GradCAM,
    "Grad-CAM++": GradCAMPlusPlus,
    "LayerCAM": LayerCAM,
    "Eigen-CAM": _EigenCAM,
    "Score-CAM": _ScoreCAM,
}
