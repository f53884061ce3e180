"""Tables of galaxies: ids, pictures and, where known, the volunteers' votes.

A catalogue holds only its table in memory; pictures are read one by one on demand. Ids are text everywhere, so
that ``0012`` and an 18-digit objid survive.

    CatalogueError(ValueError)    no catalogue at this location, or an unreadable table
"""

from galaxy_explorer.catalogue.catalogue import GONE, PARAMETERS_FILE, Catalogue
from galaxy_explorer.catalogue.errors import CatalogueError
from galaxy_explorer.catalogue.field_of_view import field_of_view_of, has_known_field
from galaxy_explorer.catalogue.filtering import VoteRange, closeness, find_ids, rows_by_id
from galaxy_explorer.catalogue.gz2 import DEBIASED, WEIGHTED
from galaxy_explorer.catalogue.image_files import (
    FIELD_FILE,
    POSITIONS_FILE,
    SAMPLE,
    SCORES_FILE,
    SIMULATED,
    VALIDATION_FILE,
    VOTE_FILES,
    is_kaggle,
)
from galaxy_explorer.catalogue.layouts import open_catalogue, skipped_note, without_votes_note
from galaxy_explorer.catalogue.live_sdss import LIVE, MOST_GALAXIES, LiveDraw, draw_named, open_live
from galaxy_explorer.catalogue.tables.id_lists import read_ids, read_validation_ids
from galaxy_explorer.catalogue.tables.score_tables import (
    ID,
    normalise_id,
    read_scores,
    scores_from_votes,
    to_numbers,
    unread_note,
)
from galaxy_explorer.catalogue.volunteer_votes import Measure, ShareEnds, Votes, argsort_nan_last

__all__ = [
    "DEBIASED",
    "FIELD_FILE",
    "GONE",
    "ID",
    "LIVE",
    "MOST_GALAXIES",
    "PARAMETERS_FILE",
    "POSITIONS_FILE",
    "SAMPLE",
    "SCORES_FILE",
    "SIMULATED",
    "VALIDATION_FILE",
    "VOTE_FILES",
    "WEIGHTED",
    "Catalogue",
    "CatalogueError",
    "LiveDraw",
    "Measure",
    "ShareEnds",
    "VoteRange",
    "Votes",
    "argsort_nan_last",
    "closeness",
    "draw_named",
    "field_of_view_of",
    "find_ids",
    "has_known_field",
    "is_kaggle",
    "normalise_id",
    "open_catalogue",
    "open_live",
    "read_ids",
    "read_scores",
    "read_validation_ids",
    "rows_by_id",
    "scores_from_votes",
    "skipped_note",
    "to_numbers",
    "unread_note",
    "without_votes_note",
]
