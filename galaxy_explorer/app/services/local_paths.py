"""Paths that a visitor types in, of folders of galaxies and of tables: who may, where they lead, what they are called."""

import os
from collections.abc import Callable, Collection
from pathlib import Path
from urllib.parse import urlsplit

import streamlit as st

LOCAL = ("localhost", "127.0.0.1", "::1")
# What a proxy says of the visitors that it stands for. nginx by itself says nothing, and asks as if it were local:
# then the browser's own word, the page's origin, tells where the visitor is.
BY_PROXIES = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip")


def may_be_typed() -> bool:
    """Tell whether this visitor sits at this machine, and so owns its disk.

    The server must listen on this machine alone, and be asked by a browser that calls it so. A proxy on the same
    machine passes on visitors from anywhere.
    """
    if st.get_option("server.address") not in LOCAL:
        return False
    headers = st.context.headers
    if not len(headers):  # nobody is connected: a script or a test runs the page
        return True
    if any(name in headers for name in BY_PROXIES):
        return False
    origin = headers.get("origin", "")  # browsers always send it; whoever leaves it out hides where the page is from
    return _host(f"//{headers.get('host', '')}") in LOCAL and _host(origin) in LOCAL


def _host(address: str) -> str | None:
    """Take the name of the machine out of an address; None where it has none."""
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None


def full_path(text: str) -> Path:
    """Write out a path as it was typed, or pasted in quotes; the ``~`` of a user that there is not stays."""
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        text = text[1:-1]
    return Path(os.path.realpath(os.path.expanduser(text)))


def free_name(name: str, path: Path, taken: Collection[str], allowed: Callable[[str], str] = str) -> str:
    """Name a path so that it is told from others of the same name: by as many folders above it as that takes.

    Parameters
    ----------
    name : str
        What it is called where nothing else is called so.
    path : Path
        In full.
    taken : collection of str
        The others' names.
    allowed : callable, optional
        Leaves out of a name what may not be in it.
    """
    above = path.parent.parts
    called = allowed(name)
    for folders in range(1, len(above) + 1):
        if called not in taken:
            break
        called = allowed(f"{name} ({Path(*above[-folders:])})")
    return called


@st.cache_resource
def typed_folders() -> dict[str, str]:
    """The folders that were typed in since the app was started, by the names of their sources.

    They are kept for all who may type some, not with one session: an address names its source, and opens in any tab.
    """
    return {}
