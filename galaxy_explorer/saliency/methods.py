"""The methods of the grad-cam package by which saliency maps are made, as this project uses them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import FunctionType, SimpleNamespace
from typing import Any

import numpy as np
from pytorch_grad_cam import EigenCAM, GradCAM, GradCAMPlusPlus, HiResCAM, LayerCAM, ScoreCAM
from pytorch_grad_cam.base_cam import BaseCAM

STRONGEST = 64  # the channels that Score-CAM tries; all 1,024 of a DenseNet-121 would take most of a minute

Progress = Callable[[int, int], None]


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
