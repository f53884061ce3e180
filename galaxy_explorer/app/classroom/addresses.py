"""Addresses of a class, as the browser reaches the app, and as phones do."""

from typing import NamedTuple
from urllib.parse import urlencode, urlsplit, urlunsplit

import streamlit as st
from streamlit.web.server.starlette.starlette_websocket import is_host_allowed

from galaxy_explorer.app.server import LOCAL

EVERYWHERE = (None, "", "0.0.0.0", "::")  # values of server.address with which the app listens to the network


class JoinLink(NamedTuple):
    """The address at which pupils join a class."""

    url: str
    is_reachable: bool  # whether other devices can open it


def address_of(page: str, **params: str) -> str:
    """Return the address of a page of the app, as the browser reaches it."""
    return _join(st.context.url or "", page, params)


def _join(current: str, page: str, params: dict[str, str], host: str = "") -> str:
    """Return the address of another page of the app, under another host if one is given."""
    parts = urlsplit(current)
    folder = parts.path.rpartition("/")[0]
    place = f"{host}{f':{parts.port}' if parts.port else ''}" if host else parts.netloc
    return urlunsplit((parts.scheme, place, f"{folder}/{page}", urlencode(params), ""))


def join_link(code: str) -> JoinLink:
    """Return the address for pupils.

    That of this machine in the network instead of ``localhost``, if the app listens there.
    """
    current = st.context.url or ""
    host = urlsplit(current).hostname or ""
    if host not in LOCAL and host:
        return JoinLink(_join(current, "join", {"code": code}), True)
    if st.get_option("server.address") in EVERYWHERE:
        from galaxy_explorer.commands.app import network_address

        try:
            outside = network_address()
        except ValueError:
            outside = ""
        if outside and is_host_allowed(outside):
            return JoinLink(_join(current, "join", {"code": code}, outside), True)
    return JoinLink(_join(current, "join", {"code": code}), False)
