"""The board: the code of a class in large letters, without the teacher's link."""

import base64
from html import escape

import streamlit as st

from galaxy_explorer.app.classroom.addresses import join_link
from galaxy_explorer.app.services.classroom.rooms import class_store
from galaxy_explorer.app.ui.wording import escape_markdown
from galaxy_explorer.classroom import Classroom, as_shown, qr_svg

CHECK_INTERVAL_S = 3.0
NOT_REACHABLE = (
    "**Phones cannot open this address: the app answers this computer only.** Stop it, start it again with "
    "`galaxy-explorer app --share`, and open the teacher's link under the address that it prints. The class and its "
    "votes stay. Pupils can also vote one after the other on this computer. More in docs/hosting.md."
)


def show_board(classroom: Classroom) -> None:
    """Draw how to join, and how many have voted, as long as voting is open."""
    st.title(escape_markdown(classroom.title), anchor=False)
    with st.container(key="board"):
        show_code(classroom)
    _show_counts(classroom)


def show_code(classroom: Classroom) -> None:
    """Draw the QR code, the address and the code of a class."""
    link, code = join_link(classroom.code), as_shown(classroom.code)
    if not link.is_reachable:
        st.warning(NOT_REACHABLE, icon=":material/wifi_off:")
    picture = _picture(link.url) if link.is_reachable else ""
    words = "Scan the code, or open" if picture else "Open"
    place = link.url.partition("?")[0].partition("://")[2]
    st.html(
        f'<div class="join-code">{picture}<div><p>{words}</p><p class="address">{escape(place)}</p>'
        f'<p>and type</p><p class="code">{code}</p></div></div>'
    )


def _picture(url: str) -> str:
    """Return the QR code of an address as an image; empty without OpenCV."""
    drawing = base64.b64encode(qr_svg(url).encode()).decode()
    return f'<img src="data:image/svg+xml;base64,{drawing}" alt="QR code of {escape(url)}">' if drawing else ""


@st.fragment(run_every=CHECK_INTERVAL_S)
def _show_counts(classroom: Classroom) -> None:
    """Draw how many pupils have joined and voted, in numbers that change by themselves."""
    pupils = class_store().pupils(classroom.class_id)
    votes, wanted = sum(pupil.voted for pupil in pupils), len(pupils) * classroom.galaxies
    done = sum(pupil.voted == classroom.galaxies for pupil in pupils)
    names = "".join(f"<li>{escape(pupil.name)}</li>" for pupil in pupils)
    st.html(
        f'<p class="counts" role="status"><b>{len(pupils)}</b> joined · <b>{votes}</b> of {wanted} votes · '
        f'<b>{done}</b> finished</p><ul class="names">{names}</ul>'
    )
