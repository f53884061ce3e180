"""Tables of galaxies: their ids, where their pictures are, and what the volunteers saw.

A catalogue holds only its table in memory; pictures are read one by one when they are asked for. Ids
are text everywhere, so that ``0012`` and an 18-digit objid stay what they are.

    CatalogueError(ValueError)    no catalogue there, or a table that cannot be read
"""

from galaxy_explorer.catalogue.catalogue import GONE, Catalogue, CatalogueError
from galaxy_explorer.catalogue.filtering import VoteRange, find_ids, sorted_rows, split
from galaxy_explorer.catalogue.gz2 import DEBIASED, WEIGHTED
from galaxy_explorer.catalogue.id_lists import VALIDATION, read_ids, read_validation
from galaxy_explorer.catalogue.image_files import is_text, written
from galaxy_explorer.catalogue.layouts import FIELD, SAMPLE, VOTES, field_of, open_catalogue, passed_over
from galaxy_explorer.catalogue.live_sdss import LIVE, MOST_GALAXIES, LiveDraw, draw_named
from galaxy_explorer.catalogue.score_tables import id_of, scores_from_votes
from galaxy_explorer.catalogue.volunteer_votes import rows_by

__all__ = [
    "DEBIASED",
    "FIELD",
    "GONE",
    "LIVE",
    "MOST_GALAXIES",
    "SAMPLE",
    "VALIDATION",
    "VOTES",
    "WEIGHTED",
    "Catalogue",
    "CatalogueError",
    "LiveDraw",
    "VoteRange",
    "draw_named",
    "field_of",
    "find_ids",
    "id_of",
    "is_text",
    "open_catalogue",
    "passed_over",
    "read_ids",
    "read_validation",
    "rows_by",
    "scores_from_votes",
    "sorted_rows",
    "split",
    "written",
]
