"""Classes that vote: codes, the SQLite store, results, and QR codes."""

from galaxy_explorer.classroom.codes import CodeGuard, TooManyTriesError, as_shown, normalised
from galaxy_explorer.classroom.nicknames import LONGEST_NICKNAME, clean_nickname
from galaxy_explorer.classroom.qr_code import qr_svg
from galaxy_explorer.classroom.records import ClassGalaxy, Classroom, Pupil, Vote
from galaxy_explorer.classroom.store import (
    DAYS_KEPT,
    MAX_GALAXIES,
    ClassError,
    ClassStore,
)

__all__ = [
    "DAYS_KEPT",
    "LONGEST_NICKNAME",
    "MAX_GALAXIES",
    "ClassError",
    "ClassGalaxy",
    "ClassStore",
    "Classroom",
    "CodeGuard",
    "Pupil",
    "TooManyTriesError",
    "Vote",
    "as_shown",
    "clean_nickname",
    "normalised",
    "qr_svg",
]
