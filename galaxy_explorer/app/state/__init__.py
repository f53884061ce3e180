"""Session state of one visitor: every key of Streamlit's session state, typed, in one place.

Values that a page keeps lie in one dataclass per page, such as `BrowseState`, which a function named as the page
returns: `state.browse()`. Values of widgets lie under the widget's own key: these keys are the members of `Key`.
"""

from galaxy_explorer.app.state.exploring import (
    GalaxyUrl,
    MapState,
    ReadSentence,
    browse,
    compare,
    enter,
    galaxy,
    galaxy_map,
    panel,
    shared,
)
from galaxy_explorer.app.state.keys import Key
from galaxy_explorer.app.state.marking import ClassRound, CollectionsState, classify, collections
from galaxy_explorer.app.state.pictures import (
    Crop,
    SkyState,
    Upload,
    UploadState,
    WorkbenchState,
    sky,
    upload,
    workbench,
)
from galaxy_explorer.app.state.session import set_widget, widget
from galaxy_explorer.app.state.voting import VotesState, asking, classroom, start, vote, votes

__all__ = [
    "ClassRound",
    "CollectionsState",
    "Crop",
    "GalaxyUrl",
    "Key",
    "MapState",
    "ReadSentence",
    "SkyState",
    "Upload",
    "UploadState",
    "VotesState",
    "WorkbenchState",
    "asking",
    "browse",
    "classify",
    "classroom",
    "collections",
    "compare",
    "enter",
    "galaxy",
    "galaxy_map",
    "panel",
    "set_widget",
    "shared",
    "sky",
    "start",
    "upload",
    "vote",
    "votes",
    "widget",
    "workbench",
]
