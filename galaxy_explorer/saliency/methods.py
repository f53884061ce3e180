"""The saliency methods, as pages list them: without importing torch or grad-cam."""

from collections.abc import Callable
from dataclasses import dataclass

SCORE_CAM_CHANNELS = 64  # of all channels of a feature map; 1,024 of a DenseNet-121 would take most of a minute

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Method:
    """A saliency method; `cams.CAMS` holds its grad-cam class.

    Parameters
    ----------
    explanation : str
        One sentence for the page.
    per_answer : bool
        False if every answer has the same map.
    comparable : bool
        False if maxima cannot be compared between answers and pictures.
    pointing : float
        Part of the maps of simulated galaxies whose brightest pixel is on the component that the answer names, in
        [0, 1]: the mean of the bundled networks in docs/behaviour.md.
    """

    explanation: str
    per_answer: bool = True
    comparable: bool = True
    pointing: float = float("nan")


POINTING_OF_MIDDLE = 0.45  # the same for a spot in the middle of the picture, without a network

METHODS = {  # the default first: the best on simulated and real galaxies together (benchmarks/README.md)
    "HiResCAM": Method("Weights every cell of the feature maps by the answer's gradient in that cell.", pointing=0.57),
    "Grad-CAM": Method("Adds up all feature maps, each weighted by the answer's mean gradient.", pointing=0.57),
    "Grad-CAM++": Method("Like Grad-CAM, with positive gradients only: several small features show.", pointing=0.57),
    "LayerCAM": Method("Like HiResCAM, with positive gradients only: more shows and nothing cancels.", pointing=0.60),
    "Eigen-CAM": Method(
        "Shows the strongest pattern in all feature maps: the same for every answer, for and against.",
        per_answer=False,
        comparable=False,
        pointing=0.48,
    ),
    "Score-CAM": Method(
        f"Masks the picture with {SCORE_CAM_CHANNELS} feature maps and predicts the answer each time: takes a while.",
        comparable=False,
        pointing=0.67,  # of 24 maps: slow
    ),
}
