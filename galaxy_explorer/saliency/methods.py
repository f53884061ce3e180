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
    """

    explanation: str
    per_answer: bool = True
    comparable: bool = True


METHODS = {
    "Grad-CAM": Method("Adds up all feature maps, each weighted by the answer's mean gradient."),
    "Grad-CAM++": Method("Like Grad-CAM, with positive gradients only: several small features show."),
    "HiResCAM": Method("Weights every cell of the feature maps by the answer's gradient in that cell."),
    "LayerCAM": Method("Like HiResCAM, with positive gradients only: more shows and nothing cancels."),
    "Eigen-CAM": Method(
        "Shows the strongest pattern in all feature maps: the same for every answer, for and against.",
        per_answer=False,
        comparable=False,
    ),
    "Score-CAM": Method(
        f"Masks the picture with {SCORE_CAM_CHANNELS} feature maps and predicts the answer each time: takes a while.",
        comparable=False,
    ),
}
