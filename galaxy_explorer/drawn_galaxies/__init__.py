"""Galaxies that we have drawn as examples of the answers, where volunteers' votes give none.

`light` and `oddities` are what shines, `answers` says what stands for which answer, `painting` makes the picture.
"""

from galaxy_explorer.drawn_galaxies.answers import DRAWINGS, Drawing
from galaxy_explorer.drawn_galaxies.painting import SIDE, draw

__all__ = ["DRAWINGS", "SIDE", "Drawing", "draw"]
