"""Paths on the host, of folders and tables, that a visitor types in: who may, syntax, names."""

import hmac
import os
import secrets
import sys
from collections.abc import Callable, Collection
from pathlib import Path

import streamlit as st

from galaxy_explorer.app import state

OPEN_FOLDERS = "GALAXY_EXPLORER_OPEN_FOLDERS"  # environment variable: 1 lets every visitor open folders by path, 0 none
TOKEN = "token"  # URL parameter of the secret link


@st.cache_resource(show_spinner=False)
def secret_token() -> str:
    """Return the token of this process's secret link, and print the link once."""
    token = secrets.token_urlsafe(24)
    host, port, path = (st.get_option(f"server.{name}") for name in ("address", "port", "baseUrlPath"))
    link = f"http://{host or 'localhost'}:{port}{f'/{path}'.rstrip('/')}/?{TOKEN}={token}"
    print(f"  Secret link, for opening folders and tables of this machine by path:\n  {link}\n", file=sys.stderr)
    return token


def read_token() -> None:
    """Read the token of a secret link from the URL, where it does not stay."""
    given = st.query_params.pop(TOKEN, None)
    if os.environ.get(OPEN_FOLDERS) == "0":  # no secret link either
        return
    expected = secret_token()
    if given is not None and hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode()):
        state.shared().may_open_paths = True


def may_open_paths() -> bool:
    """Whether this visitor may open paths: by the secret link or the start option."""
    return os.environ.get(OPEN_FOLDERS) == "1" or state.shared().may_open_paths


def full_path(text: str) -> Path:
    """Return the absolute path of a text that was typed, or pasted in quotes."""
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        text = text[1:-1]
    return Path(os.path.realpath(os.path.expanduser(text)))


def free_name(name: str, path: Path, taken: Collection[str], allowed: Callable[[str], str] = str) -> str:
    """Return a free name for a path, with parent folders as needed; `allowed` cleans it."""
    above, free = path.parent.parts, allowed(name)
    for folders in range(1, len(above) + 1):
        if free not in taken:
            break
        free = allowed(f"{name} ({Path(*above[-folders:])})")
    return free


@st.cache_resource
def typed_folders() -> dict[str, str]:
    """Folders typed in since the app started, by source name, for all who may open paths."""
    return {}
