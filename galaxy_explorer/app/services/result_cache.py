"""Results that all visitors share, in memory."""

from collections.abc import Callable, Hashable
from typing import Any
from weakref import ref

import streamlit as st

from galaxy_explorer.catalogue import Catalogue
from galaxy_explorer.storage import ResultCache


@st.cache_resource
def shared_results() -> ResultCache:
    """Predictions and saliency maps of galaxies that are not a visitor's own."""
    return ResultCache(max_size=2000)


@st.cache_resource
def catalogue_results() -> ResultCache:
    """Results about whole catalogues; one about 240,000 galaxies takes 1 MB."""
    return ResultCache(max_size=100)


def catalogue_result(catalogue: Catalogue, key: tuple[Hashable, ...], compute: Callable[[], Any]) -> Any:
    """Return a cached result about an open catalogue; opened again, it has new results."""
    return catalogue_results().get((ref(catalogue), *key), compute)
