"""Results that all visitors share, in memory."""

from collections.abc import Callable, Hashable
from typing import Any
from weakref import ref

import streamlit as st

from galaxy_explorer.catalogue import Catalogue
from galaxy_explorer.storage import ResultCache

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
