"""Records of a class: the class, its galaxies, its pupils, and their votes."""

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class ClassGalaxy:
    """A galaxy that a class votes on, with all that its pages show."""

    galaxy_id: str
    field_of_view: float  # fraction of Galaxy Zoo's field of view that the picture covers
    picture: bytes = field(repr=False)  # JPEG
    volunteers: np.ndarray | None = None  # (37,) vote fractions; None without votes
    network: np.ndarray | None = None


@dataclass(frozen=True)
class Classroom:
    """A class that votes."""

    class_id: int
    code: str
    title: str
    source: str
    network: str  # label; empty without a network
    created: float  # s since 1970
    ends: float | None  # None: kept
    is_open: bool
    galaxies: int


@dataclass(frozen=True)
class Pupil:
    """A pupil of a class."""

    pupil_id: int
    nickname: str
    number: int  # in the class, from 1, by the time of joining
    is_hidden: bool
    voted: int  # number of galaxies

    @property
    def name(self) -> str:
        """The nickname, or the number if the teacher has hidden it."""
        # Longer than any nickname: another pupil of this name would lose votes, since votes are joined by voter.
        return f"Pupil {self.number} (nickname hidden)" if self.is_hidden else self.nickname


@dataclass(frozen=True)
class Vote:
    """One pupil's answers about one galaxy."""

    pupil_id: int
    place: int  # of the galaxy in the class, from 0
    answers: tuple[str, ...]  # columns, in the order in which they were given
    time: float  # s since 1970
