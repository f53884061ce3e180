"""Where a network looks when it leans towards one answer, or away from it, by the methods of the grad-cam package.

What is explained is the log-odds of the answer against the other answers of its question, before the
masses of the tree. Its logit alone would not do: one number added to all logits of a question changes
no share, but would change the map.

A network that threads share stays as it is: grad-cam hooks a place made for one call, never the network.
"""

from galaxy_explorer.saliency.maps import AnswerLogOdds, SaliencyMap, saliency_map
from galaxy_explorer.saliency.methods import METHODS, STRONGEST, Method

__all__ = ["METHODS", "STRONGEST", "AnswerLogOdds", "Method", "SaliencyMap", "saliency_map"]
