"""Saliency maps: where a network finds evidence for or against one answer (grad-cam).

The target is the log-odds of the answer against the other answers of its question, before the masses of the tree.
Its logit alone would not do: one number added to all logits of a question changes no share, but the map.

A shared network is not changed: grad-cam gets the feature maps and their gradients, and hooks nothing.
"""

from galaxy_explorer.saliency.features import FeatureMaps, feature_maps
from galaxy_explorer.saliency.maps import AnswerLogOdds, SaliencyMap, saliency_map
from galaxy_explorer.saliency.methods import METHODS, SCORE_CAM_CHANNELS, Method

__all__ = [
    "METHODS",
    "SCORE_CAM_CHANNELS",
    "AnswerLogOdds",
    "FeatureMaps",
    "Method",
    "SaliencyMap",
    "feature_maps",
    "saliency_map",
]
