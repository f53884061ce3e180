"""Results that all visitors share, in memory."""

from collections.abc import Callable, Hashable
from typing import Any, TypeVar
from weakref import ref

import streamlit as st

from galaxy_explorer.catalogue import Catalogue
from galaxy_explorer.storage import ResultCache

Version = TypeVar("Version", bound=Hashable)

MAX_BYTES = 150e6  # a picture's features take 1.2 MB, a saliency map 40 kB


@st.cache_resource
def shared_results() -> ResultCache:
    """Predictions and saliency maps of galaxies that are not a visitor's own."""
    return ResultCache(MAX_BYTES, size_bytes)


def size_bytes(result: Any) -> int:
    """Return the size of an array or of a picture's features; a kilobyte for a few numbers."""
    return max(1000, getattr(result, "nbytes", 0))


@st.cache_resource
def catalogue_results() -> ResultCache:
    """Results about whole catalogues; one about 240,000 galaxies takes 1 MB."""
    return ResultCache(max_size=100)


def catalogue_result(catalogue: Catalogue, key: tuple[Hashable, ...], compute: Callable[[], Any]) -> Any:
    """Return a cached result about an open catalogue; opened again, it has new results."""
    return catalogue_results().get((ref(catalogue), *key), compute)


def latest_result(
    catalogue: Catalogue, key: tuple[Hashable, ...], version: Callable[[], Version], compute: Callable[[Version], Any]
) -> Any:
    """Return a cached result about what grows; it replaces those of earlier versions.

    Parameters
    ----------
    catalogue : Catalogue
    key : tuple of hashable
        Key of the result, the same for all versions.
    version : callable
        Returns what the result is computed from now: the tables of a network, for example.
    compute : callable
        Returns the result, given a version. It is called again if there is a newer version afterwards: a job that
        finishes a table while it is read removes the files.
    """
    whole = (ref(catalogue), *key)
    known, result = before = catalogue_results().get(whole, lambda: (None, None))
    while (current := version()) != known:
        known, result = current, compute(current)
    if known != before[0]:
        catalogue_results().put(whole, (known, result))
    return result
