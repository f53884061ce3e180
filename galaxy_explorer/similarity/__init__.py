"""Similar galaxies, and a place on the map for each: from embeddings, with numpy alone.

Two galaxies are similar if the network's embeddings of their pictures are: the mean over the TTA views of the means of
the network's last maps. Compared are their square roots at unit length, see `neighbours.unit_roots`.
"""

from galaxy_explorer.similarity.neighbours import Neighbours, nearest, unit_roots
from galaxy_explorer.similarity.placement import Placement, placement_of

__all__ = ["Neighbours", "Placement", "nearest", "placement_of", "unit_roots"]
