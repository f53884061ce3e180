"""Drawings: examples of answers for which the votes have none, and famous galaxies.

`light` and `oddities` compute what shines, `answers` reads the drawings of
each answer and of famous galaxies, `painting` renders them.
"""

from galaxy_explorer.drawn_galaxies.answers import DRAWINGS, FAMOUS, Drawing
from galaxy_explorer.drawn_galaxies.painting import SIDE, draw, draw_famous

__all__ = ["DRAWINGS", "FAMOUS", "SIDE", "Drawing", "draw", "draw_famous"]
