"""State of what a visitor answers: the quiz of Start, Vote, and the pages of a class."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from galaxy_explorer.app.state.session import state_of

if TYPE_CHECKING:
    from galaxy_explorer.votes import Ballot


@dataclass
class StartState:
    """The visitor's quiz."""

    galaxy: tuple[str, str] | None = None  # source and id of the galaxy that is asked about
    answers: list[str] = field(default_factory=list)  # about it, as score columns
    shown: list[tuple[str, str]] = field(default_factory=list)  # earlier galaxies
    agreed: list[bool] = field(default_factory=list)  # with the volunteers, by galaxy that was answered

    def clear(self) -> None:
        """Start from the beginning."""
        vars(self).update(vars(StartState()))


def start() -> StartState:
    """Return the state of Start."""
    return state_of(StartState)


@dataclass
class AskingState:
    """The questions about the galaxy that the visitor votes on."""

    about: tuple[str, ...] = ()  # key of the galaxy, and of what it is asked for
    answers: list[str] = field(default_factory=list)  # as score columns
    submitted: bool = False


def asking() -> AskingState:
    """Return the questions that the visitor answers on Vote or in a class."""
    return state_of(AskingState)


@dataclass
class VotesState:
    """The visitor's votes as the browser keeps them, and those of logs that were opened."""

    kept: dict[tuple[str, str], tuple[tuple[str, ...], str]] = field(default_factory=dict)  # answers and time
    unsent: set[tuple[str, str]] = field(default_factory=set)  # sources and ids of votes of this session
    voter: str = ""  # name in files
    cleared: str = ""  # when all votes were deleted
    loaded: bool = False  # whether the browser has sent its votes
    outdated: bool = False  # whether the page shows earlier ones
    stored: bool = True  # whether the browser can store them
    others: "dict[str, list[Ballot]]" = field(default_factory=dict)  # of opened logs, by source
    message: str = ""  # about the log opened last


def votes() -> VotesState:
    """Return the visitor's votes."""
    return state_of(VotesState)


@dataclass
class VoteState:
    """The galaxy that the visitor votes on."""

    galaxy: tuple[str, str] | None = None  # source and id
    skipped: set[tuple[str, str]] = field(default_factory=set)


def vote() -> VoteState:
    """Return the state of Vote."""
    return state_of(VoteState)


@dataclass
class ClassroomState:
    """What a pupil or a teacher of a class has shown to be allowed to see."""

    code: str = ""  # of the class that the visitor found by its code
    wrong_code: str = ""  # tried last
    tokens: dict[int, str] = field(default_factory=dict)  # the pupil's, by class
    place: int | None = None  # of the galaxy that the pupil votes on again
    message: str = ""  # about the vote before
    seed: int = 0  # of the galaxies that are drawn for a new class
    teacher_tokens: dict[str, str] = field(default_factory=dict)  # titles of the visitor's classes by token


def classroom() -> ClassroomState:
    """Return the state of the pages of a class."""
    return state_of(ClassroomState)
