"""Drawings of galaxies, as examples of answers for which the votes have none.

`light` and `oddities` compute what shines, `answers` reads the drawings of each answer, `painting` renders them.
"""

from galaxy_explorer.drawn_galaxies.answers import DRAWINGS, Drawing
from galaxy_explorer.drawn_galaxies.painting import SIDE, draw

__all__ = ["DRAWINGS", "SIDE", "Drawing", "draw"]
