"""Session state of one visitor: every key of `st.session_state`, typed, in one place.

Values that a page keeps lie in one dataclass per page, such as `BrowseState`. Values of widgets lie under the widget's
own key: these keys are the constants of `Key`. No other module touches `st.session_state`; a test reads the source.
"""

from collections.abc import Hashable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeVar

import pandas as pd
import streamlit as st

from galaxy_explorer.images import PictureChanges, Square
from galaxy_explorer.storage import ResultCache

if TYPE_CHECKING:
    from galaxy_explorer.app.services.collections.collection import Collection, Collections
    from galaxy_explorer.app.services.places import Places
    from galaxy_explorer.app.services.selection import Selection
    from galaxy_explorer.simulation import Parameters
    from galaxy_explorer.votes import Ballot

State = TypeVar("State")
Crop = Square | Literal["found", "whole"]  # a visitor's own, that of find_galaxy, or the whole picture


class Key(StrEnum):
    """Keys of the widgets that have a value."""

    # Start, Browse, Galaxy, panel, About, and widgets of several pages.
    START_SEARCH = "start_search"
    SOURCE = "source_choice"
    VOTES = "choose_votes"
    ANSWERS_OF = "answers_of"
    PRESET = "ready_made"
    SEARCH = "search"
    NEW_ANSWER = "new_answer"
    NEW_MEASURE = "new_measure"
    NEW_BOUNDS = "new_bounds"
    ASKED = "asked"
    OOD_FLAG = "ood_flag"
    OOD_SCORE = "ood_score"
    RMSE = "rmse"
    SORT = "sort_by"
    ORDER = "order"
    SEED = "seed"
    MEASURE = "measure"
    AGAINST = "against"
    PAGES_ABOVE = "pages_above"
    PAGES_BELOW = "pages_below"
    GO_TO_PAGE = "go_to_page"
    NETWORK = "network"
    ANSWER = "answer"
    COPY_LINK = "copy_link"
    COPY_ID = "copy_id"
    ENLARGED = "enlarged"
    CHART = "chart"
    ANSWER_LIST = "list"
    CHART_SOURCES = "sources_shown"
    CHART_FILES = "chart_files"
    SIDE_BY_SIDE = "side_by_side"
    MAP = "map"
    DIRECTION = "direction"
    OPACITY = "opacity"
    METHOD = "method"
    COMMON_SCALE = "common_scale"
    SIMILAR_SOURCE = "similar_source"
    OTHER_NETWORKS = "ask_others"
    QUESTION = "question"
    SECTION = "section"
    THEME = "turned_theme"
    GALAXY_MAP = "galaxy_map"
    MAP_POINTS = "map_points"
    MAP_MATCHES = "map_matches"
    MAP_NETWORK = "map_network"

    # Hearts and Collections.
    COLLECTIONS = "collections"
    COLLECTION = "collection_choice"
    COLLECTION_NAME = "collection_name"
    NEW_COLLECTION = "new_collection"
    COLLECTION_FILE = "collection_file"
    COLLECTION_PAGE = "collection_page"
    COPY_COLLECTION = "copy_collection"
    CLASS_NETWORK = "class_network"
    CLASS_FILE = "class_file"

    # A class that votes.
    CLASS_TITLE = "class_title"
    CLASS_SOURCE = "class_source"
    CLASS_GALAXIES = "class_galaxies"
    CLASS_COUNT = "class_count"
    CLASS_PUPIL = "class_pupil"
    CLASS_PLACE = "class_place"
    CLASS_ANSWERS_OF = "class_answers_of"
    CLASS_CHART = "class_chart"
    CLASS_KEPT = "class_kept"
    CLASS_DELETE = "class_delete"
    COPY_TEACHER_LINK = "copy_teacher_link"
    JOIN_CODE = "join_code"
    NICKNAME = "nickname"

    # Vote.
    OWN_VOTES = "own_votes"
    VOTER = "voter"
    VOTE_LOG = "vote_log"

    # Upload, Sky, Compare.
    FILES = "files"
    FOLDER = "folder"
    UPLOAD = "shown_upload"
    UPLOAD_TABLE = "upload_table"
    FITS_IMAGE = "image_of"
    PHOTO = "photo"
    PHONE_PHOTO = "phone_photo"
    CAMERA = "camera"
    CROP = "crop"
    POSITION = "position"
    ZOOM = "zoom"
    PICTURE_SOURCE = "picture_from"
    COMPARE_SOURCE = "compare_source"
    COMPARE_PART = "compare_of"
    COMPARE_UNSEEN = "compare_unseen"
    COMPARE_SIZE = "compare_extent"
    COMPARE_NETWORKS = "compare_networks"
    VOTES_QUESTION = "votes_question"
    VOTES_ANSWER = "votes_answer"
    VOTES_NETWORK = "votes_network"
    WORST_QUESTION = "worst_question"
    WORST_NETWORK = "worst_network"
    PAIR_QUESTION = "networks_question"
    PAIR = "networks_pair"

    # Workbench.
    BENCH_MODE = "bench_mode"
    BENCH_GROUP = "bench_group"
    BENCH_FIELD = "bench_field"
    BENCH_BRUSH = "bench_brush"
    BENCH_RADIUS = "bench_radius"
    BENCH_COVER = "bench_cover"
    BENCH_VARIED = "bench_varied"

    def of(self, *parts: object) -> str:
        """Return the key of one of several widgets."""
        return "_".join(map(str, (self, *parts)))


# Start, Browse, Galaxy, panel, About, and what several pages share.


@dataclass
class SharedState:
    """Values that several pages read or write."""

    current_page: str | None = None  # its URL path
    arrived: bool = False  # whether the visitor has just come from another page
    source: str = ""  # the source opened last
    vote_kind: str = ""  # empty: the catalogue's default
    opened_folders: set[str] = field(default_factory=set)  # sources that this visitor typed in
    live_draw: str = ""  # this visitor's latest draw of live galaxies
    selection: "Selection | None" = None  # of Browse
    warned_url: tuple[str | None, str] | None = None  # the URL whose parameters were warned of
    missing_path: str = ""  # the last path that was requested and that no page has
    may_open_paths: bool = False  # whether the visitor came by the secret link


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


@dataclass
class AskingState:
    """The questions about the galaxy that the visitor votes on."""

    about: tuple[str, ...] = ()  # key of the galaxy, and of what it is asked for
    answers: list[str] = field(default_factory=list)  # as score columns
    submitted: bool = False


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


@dataclass
class VoteState:
    """The galaxy that the visitor votes on."""

    galaxy: tuple[str, str] | None = None  # source and id
    skipped: set[tuple[str, str]] = field(default_factory=set)


class ReadSentence(NamedTuple):
    """A text of the search field that was read as a sentence."""

    text: str
    query: Hashable  # what it determines in the query; the text is shown while that holds
    messages: tuple[str, ...] = ()
    corrected: str = ""
    understood: bool = True


@dataclass
class BrowseState:
    """Values that Browse keeps between runs."""

    url_params: dict[str, str | list[str]] = field(default_factory=dict)  # of the view shown last, on Map as well
    on_map: bool = False  # whether Map showed it
    answer_missing: bool = False  # "Add filter" was pressed without an answer
    sentence: ReadSentence | None = None  # searched for last


@dataclass
class MapState:
    """What the map's component has sent, until the page answers it, and the visitor's choice."""

    wish: dict[str, Any] = field(default_factory=dict)  # pictures
    opened: tuple[str, int] | None = None  # galaxy that was pressed: key of the points, its number among them
    sent: "dict[tuple[str, str], Places]" = field(default_factory=dict)  # last places, by source and key of the points
    redraw: bool = False  # whether a shape was drawn or removed
    network: str = ""  # whose map is shown; empty: the first


class GalaxyUrl(NamedTuple):
    """URL parameters that the galaxy page reads, apart from the source and the votes."""

    galaxy: str | None
    network: str | None
    answer: str | None


@dataclass
class GalaxyState:
    """Values that the galaxy page keeps between runs."""

    galaxy_id: str = ""  # requested last; it may not be drawn yet
    url: GalaxyUrl | None = None  # as last read or written; None on arrival from another page
    crops: dict[tuple[str, str], Crop] = field(default_factory=dict)  # by source and id; else that of find_galaxy


@dataclass
class PanelState:
    """Values that the panel keeps between runs."""

    answer_of: str = ""  # the galaxy for which the answer was chosen
    requested_answer: str | None = None  # by the URL, for the galaxy shown next
    asked_answer: str | None = None  # chosen by the visitor or the URL
    own_answer: str = ""  # chosen by the page itself
    opened: set[int] = field(default_factory=set)  # questions that few votes reach, opened for this galaxy
    similar_source: str = ""  # chosen to find similar galaxies in


def shared() -> SharedState:
    """Return what several pages share."""
    return _state_of(SharedState)


def start() -> StartState:
    """Return the state of Start."""
    return _state_of(StartState)


def asking() -> AskingState:
    """Return the questions that the visitor answers on Vote or in a class."""
    return _state_of(AskingState)


def votes() -> VotesState:
    """Return the visitor's votes."""
    return _state_of(VotesState)


def vote() -> VoteState:
    """Return the state of Vote."""
    return _state_of(VoteState)


def browse() -> BrowseState:
    """Return the state of Browse."""
    return _state_of(BrowseState)


def galaxy_map() -> MapState:
    """Return the state of Map."""
    return _state_of(MapState)


def galaxy() -> GalaxyState:
    """Return the state of the galaxy page."""
    return _state_of(GalaxyState)


def panel() -> PanelState:
    """Return the state of the panel."""
    return _state_of(PanelState)


def enter(page: str) -> None:
    """Record the page that runs, and whether the visitor comes from another one."""
    known = shared()
    known.arrived = page != known.current_page
    known.current_page = page


@dataclass
class CollectionsState:
    """The visitor's collections as the browser keeps them."""

    kept: "Collections | None" = None  # None until the browser has sent them, or something was marked
    loaded: bool = False  # whether the browser has sent them
    stored: bool = True  # whether the browser can store them
    outdated: bool = False  # whether the page shows earlier ones
    watched: bool = False  # whether the page that runs shows them
    undo: "list[tuple[str, Collections]]" = field(default_factory=list)  # changes in words, with what was before
    imported: str = ""  # a message about the last import, until the next change


class ClassRound(NamedTuple):
    """Galaxies that are offered to be judged, by a class learned from earlier marks."""

    source: str
    network: str
    learned_from: "Collection"
    galaxy_ids: tuple[str, ...]
    number: int = 1  # of the rounds for this class


@dataclass
class ClassifyState:
    """The round of “Find more like these”."""

    round: ClassRound | None = None
    skipped: list[str] = field(default_factory=list)  # galaxies that were offered for this class and not judged
    skipped_last: bool = False  # whether the last press was on "Skip"
    message: str = ""  # about the file opened last


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


def collections() -> CollectionsState:
    """Return the visitor's collections."""
    return _state_of(CollectionsState)


def classify() -> ClassifyState:
    """Return the state of “Find more like these”."""
    return _state_of(ClassifyState)


def classroom() -> ClassroomState:
    """Return the state of the pages of a class."""
    return _state_of(ClassroomState)


# Upload, Sky, Compare.


@dataclass(frozen=True)
class Upload:
    """Picture file of a visitor, with its crop."""

    galaxy_id: str
    content: bytes = field(repr=False)
    image: str = ""  # name of the image of a FITS file that is shown
    choices: tuple[str, ...] = ()  # names of all images of a FITS file
    crop: Crop = "found"  # what the network is shown

    @property
    def picture_key(self) -> tuple[str, ...]:
        """Key of results about the whole picture."""
        return self.galaxy_id, str(hash(self.content)), self.image

    @property
    def key(self) -> tuple[str, ...]:
        """Key of results about the part that the network is shown."""
        return *self.picture_key, str(self.crop)


def _size_bytes(result: Any) -> int:
    """Return the approximate size of a picture, features, a saliency map, or numbers."""
    return max(1000, getattr(result, "nbytes", 0), getattr(getattr(result, "picture", None), "nbytes", 0))


@dataclass
class UploadState:
    """Uploads of a visitor, and all that was computed from them."""

    pictures: dict[str, Upload] = field(default_factory=dict)  # by galaxy id; they outlive a change of page
    # Galaxy ids by file id: several of a zip file, none of tables and refused files.
    files: dict[str, tuple[str, ...]] = field(default_factory=dict)
    listed: set[str] = field(default_factory=set)  # ids of the files that the page lists
    # File name and reason by file id and name.
    refused: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    scores: pd.DataFrame | None = None  # the score table that was uploaded last
    scores_file: str = ""  # its file id
    stopped: bool = False  # whether the visitor stopped the predictions
    image_error: str = ""
    uploaders: int = 0  # number of times that fresh, empty uploaders were made
    results: ResultCache = field(default_factory=lambda: ResultCache(200e6, _size_bytes))
    exposures: ResultCache = field(default_factory=lambda: ResultCache(100e6, _size_bytes))  # decoded pictures
    findings: ResultCache = field(default_factory=lambda: ResultCache(50e6, _size_bytes))  # of find_galaxy

    def clear(self) -> None:
        """Remove everything."""
        vars(self).update(vars(UploadState(uploaders=self.uploaders + 1)))


@dataclass
class SkyState:
    """Values that Sky keeps between runs."""

    # Steps of the last searches, a picture takes 0.6 MB; position and zoom of the URL that the slider was set by.
    steps: ResultCache = field(default_factory=lambda: ResultCache(max_size=12))
    zoom_read: tuple[str, str | None] | None = None
    crops: dict[tuple[str, ...], Crop] = field(default_factory=dict)  # by the view; else that of find_galaxy
    pictures: ResultCache = field(default_factory=lambda: ResultCache(max_size=12))  # parts of cutouts, 0.5 MB each


@dataclass
class WorkbenchState:
    """The galaxies that the visitor makes and changes."""

    is_real: bool = False  # whether a real galaxy is changed; else one is simulated
    url: dict[str, str] | None = None  # as last read or written; None on arrival from another page
    changes: PictureChanges = field(default_factory=PictureChanges)  # of the real galaxy
    changed_galaxy: tuple[str, str] | None = None  # its source and id
    draws: int = 0  # number of times that other galaxies were drawn to choose from
    parameters: "Parameters | None" = None  # of the simulated galaxy
    begun_with: "Parameters | None" = None
    preset: str = ""  # its name, if that is a preset
    swept: Any = None  # what was varied last: parameter, network and galaxy; the other values; responses
    results: ResultCache = field(default_factory=lambda: ResultCache(60e6, _size_bytes))


@dataclass
class CompareState:
    """External tables by network, and the number of galaxies that each gallery shows."""

    tables: dict[str, Path] = field(default_factory=dict)
    shown: dict[str, int] = field(default_factory=dict)


def upload() -> UploadState:
    """Return the state of Upload."""
    return _state_of(UploadState)


def sky() -> SkyState:
    """Return the state of Sky."""
    return _state_of(SkyState)


def workbench() -> WorkbenchState:
    """Return the state of Workbench."""
    return _state_of(WorkbenchState)


def compare() -> CompareState:
    """Return the state of Compare."""
    return _state_of(CompareState)


def _state_of(kind: type[State]) -> State:
    """Return this visitor's state of a page; created on first use."""
    return st.session_state.setdefault(kind.__name__, kind())


def widget(key: str, default: Any = None) -> Any:
    """Return the value of a widget, or the default before it is drawn."""
    return st.session_state.get(key, default)


def set_widget(key: str, value: Any) -> None:
    """Set the value of a widget; only before it is drawn in this run or in a callback."""
    st.session_state[key] = value
