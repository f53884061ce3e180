"""Results by key: of all visitors, of one, or of one catalogue."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any
from weakref import WeakKeyDictionary

import streamlit as st

from galaxy_explorer.catalogue import Catalogue


class Memo:
    """Results by key, the latest used; for all visitors or for one.

    Streamlit's own caches cannot show progress from inside, and are always shared by all visitors.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.results: OrderedDict[Hashable, Any] = OrderedDict()
        self.lock = Lock()

    def recall(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """Give the result kept under a key; make and keep it where there is none."""
        with self.lock:
            if key in self.results:
                self.results.move_to_end(key)
                return self.results[key]
        result = make()
        self.keep(key, result)
        return result

    def keep(self, key: Hashable, result: Any) -> None:
        """Keep a result that was made elsewhere."""
        with self.lock:
            self.results[key] = result
            while len(self.results) > self.limit:
                self.results.popitem(last=False)


@st.cache_resource
def shared_memo() -> Memo:
    """Results about galaxies of catalogues, for all visitors."""
    return Memo(limit=2000)


@st.cache_resource
def of_catalogues() -> "WeakKeyDictionary[Catalogue, dict[str, Memo]]":
    """What was worked out of each open catalogue."""
    return WeakKeyDictionary()


def memo_of(galaxies: Catalogue, what: str, limit: int) -> Memo:
    """Results of one kind about an open catalogue, for all visitors; gone when it is opened anew."""
    return of_catalogues().setdefault(galaxies, {}).setdefault(what, Memo(limit))


def own_memo() -> Memo:
    """Results about this visitor's uploads, gone with the session."""
    if "memo" not in st.session_state:
        st.session_state["memo"] = Memo(limit=2000)
    return st.session_state["memo"]
