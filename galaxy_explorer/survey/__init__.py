"""A survey's own catalogue and mosaics: cutouts, and predictions joined to its table.

SurveyError(ValueError)    a table or mosaics that cannot be used
CutoutError(ValueError)    one galaxy without a cutout; the message says why
"""

from galaxy_explorer.survey.cutting import Cutout, CutoutError, cut
from galaxy_explorer.survey.mosaics import Mosaics, scan_mosaics
from galaxy_explorer.survey.tables import SurveyError, SurveyTable, read_survey_table
from galaxy_explorer.survey.targets import Target, targets_of

__all__ = [
    "Cutout",
    "CutoutError",
    "Mosaics",
    "SurveyError",
    "SurveyTable",
    "Target",
    "cut",
    "read_survey_table",
    "scan_mosaics",
    "targets_of",
]
