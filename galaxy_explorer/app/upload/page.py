"""Upload: one picture, many or a folder, kept in the visitor's session alone."""

import numpy as np
import streamlit as st

from galaxy_explorer.app.panel import panel
from galaxy_explorer.app.panel.shown_galaxy import ShownGalaxy
from galaxy_explorer.app.services import networks, sources
from galaxy_explorer.app.services.result_cache import own_memo
from galaxy_explorer.app.ui.skeletons import PANEL, waiting
from galaxy_explorer.app.ui.survey_links import links_out
from galaxy_explorer.app.ui.url_params import say_once, unknown_names
from galaxy_explorer.app.ui.wording import escaped, galaxies_in_words
from galaxy_explorer.app.upload.crop import offer_crop
from galaxy_explorer.app.upload.results import show_results, strangeness
from galaxy_explorer.app.upload.session import (
    Upload,
    clear,
    comes_with_scores,
    drop_unlisted,
    exposure_of,
    is_listed,
    key_of,
    picture_of,
    remove,
    scores_that_count,
    take,
    take_image,
    uploads,
    volunteers_of,
)
from galaxy_explorer.images import GREY, Exposure

ENDINGS = ["jpg", "jpeg", "png", "tif", "tiff", "webp", "fits", "fit", "fts", "fz", "gz", "bz2"]
LOOKED_AT = 8  # pictures, for the first to show: a second's work
NAMED = 5  # bad files that are named at once; the others are a click away


def take_files() -> None:
    """Let the visitor give files or a folder, and take in what is new."""
    given: list[st.runtime.uploaded_file_manager.UploadedFile] = []
    files, folder = st.columns([3, 2])
    with files:
        given += st.file_uploader(
            "Pictures: JPEG, PNG, TIFF, WebP or FITS; a scores.csv may come along", type=[*ENDINGS, "csv"],
            accept_multiple_files=True, key=key_of("files"), on_change=drop_unlisted,
        )  # fmt: skip
    with folder:
        found = st.file_uploader(
            "Or a whole folder of them", type=[*ENDINGS, "csv"],
            accept_multiple_files="directory", key=key_of("folder"), on_change=drop_unlisted,
        )  # fmt: skip
        given += sorted(found, key=lambda file: file.name)  # browsers give a folder's files in no order
    take(given)


def name_the_bad(bad: list[Upload], count: int) -> None:
    """List the files that cannot be used, with the reasons."""
    lines = [f"- **{escaped(upload.galaxy_id)}**: {escaped(upload.error)}" for upload in bad]
    st.warning(
        f"{len(bad)} of {count} files cannot be used:\n\n" + "\n".join(lines[:NAMED]), icon=":material/broken_image:"
    )
    if lines[NAMED:]:
        with st.expander(f"The other {len(lines) - NAMED} files that cannot be used"):
            st.markdown("\n".join(lines[NAMED:]))


def choose(good: list[Upload], name: str) -> Upload:
    """Let the visitor choose which of many is shown; a click in the table does the same.

    At first it is the first that is not unlike what the network learnt; of many, only some are looked at for it.
    """
    ids = [upload.galaxy_id for upload in good]
    if st.session_state.get("shown_upload") not in ids:
        familiar = (upload for upload in good[:LOOKED_AT] if (strangeness(upload, name) or 0.0) <= 1)
        st.session_state["shown_upload"] = next(familiar, good[0]).galaxy_id
    chosen = st.selectbox("Show", ids, key="shown_upload", persist_state="session", width=320)
    return good[ids.index(chosen)]


def choose_image(upload: Upload) -> None:
    """Let the visitor choose among the images of a FITS file."""
    if len(upload.choices) < 2:
        return
    key = f"image_of_{'/'.join(upload.address[:2])}"
    if key not in st.session_state:
        st.session_state[key] = upload.image
    st.selectbox(
        "Image of this file", upload.choices, key=key, on_change=take_image, args=(upload.galaxy_id, key), width=320
    )
    if refused := st.session_state.pop("image_refused", ""):
        st.warning(refused, icon=":material/broken_image:")


def say_what_it_is(upload: Upload, exposure: Exposure) -> None:
    """Say where a picture lies on the sky and what had to be done to show it."""
    if position := exposure.position:
        links = links_out(position.ra_deg, position.dec_deg)
        which = "Middle of the whole picture: " if upload.crop else ""
        st.markdown(f"{which}{links} · {position.pixel_scale_arcsec:.3g}″ per pixel")
    if GREY in exposure.notes:
        st.warning(f"{GREY[0].upper()}{GREY[1:]}.", icon=":material/invert_colors_off:")
    if others := [note for note in exposure.notes if note != GREY]:
        st.caption(f"About this FITS file: {escaped('; '.join(others))}.")


def say_how_strange(upload: Upload, name: str) -> None:
    """Warn of a picture that is unlike all that the network learnt from, and say how that is told."""
    distance = strangeness(upload, name)
    if distance is None or distance <= 1:
        return
    reference = networks.network(name).card.ood_reference
    assert reference is not None  # or there were no distance
    st.warning(
        f"**This picture looks unlike those that {name} learnt from**, so its answers may mean nothing.",
        icon=":material/help:",
    )
    st.caption(
        f"In the network's own description of pictures it lies {distance:.1f} times as far from the galaxies of the training "
        f"as the limit, within which lie {reference.quantile * 100:.0f} % of {reference.hold_out_galaxies:,} galaxies that were held "
        "out: so one or two good pictures in a hundred get this warning too."
    )


def say_where_votes_come_from(upload: Upload, volunteers: np.ndarray | None) -> None:
    """Say which galaxy's votes are shown beside an upload, since a name alone may mislead."""
    if comes_with_scores(upload.galaxy_id):
        st.caption("The volunteers' votes are those of the table that came along.")
    elif volunteers is not None:
        source = sources.current_source()
        st.caption(
            f"The volunteers' votes are those of galaxy {escaped(upload.galaxy_id)} in "
            f"{escaped(sources.source_label(source))}, found by the file's name."
        )


def prepare(upload: Upload, name: str) -> ShownGalaxy:
    """Show what is known of one upload, with the crop tool, and ask the network about it."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(escaped(upload.galaxy_id), width="content")
        if not is_listed(upload.galaxy_id):  # it came before a change of page, and has no × any more
            st.button("Remove this picture", icon=":material/delete:", on_click=remove, args=(upload.galaxy_id,))
    choose_image(upload)
    exposure = exposure_of(upload)
    say_what_it_is(upload, exposure)
    (volunteers,) = volunteers_of([upload.galaxy_id])
    say_where_votes_come_from(upload, volunteers)
    say_how_strange(upload, name)
    offer_crop(upload, exposure.picture, networks.network(name).card.crop)
    galaxy = ShownGalaxy(
        upload.galaxy_id, picture_of(upload), 1.0, volunteers, own_memo(), upload.address, upload.picture_address
    )
    panel.ask(galaxy, name)
    return galaxy


def say_what_came_along(good: list[Upload]) -> None:
    """Say how many of the pictures the table of scores knows; warn where it knows none."""
    scores = scores_that_count()
    if scores is None:
        return
    known = sum(comes_with_scores(upload.galaxy_id) for upload in good)
    if known or not good:
        of_these = f"; pictures with scores: {known} of {len(good)}" if good else ""
        st.caption(f"Scores of {galaxies_in_words(len(scores))} came along{of_these}.")
        return
    there = f" It has “{escaped(str(scores.index[0]))}”, for instance" if len(scores) else " It is empty"
    st.warning(
        f"The table has scores of {galaxies_in_words(len(scores))}, but of none of these pictures.{there}, and a picture "
        f"here is called “{escaped(good[0].galaxy_id)}”. Its ids must be the files' names without their endings: change "
        "them, and give the table again.",
        icon=":material/help:",
    )


def show(good: list[Upload]) -> None:
    """Show one upload and, of many, the table of all."""
    head = st.container()
    with waiting("Asking the network …", PANEL), head:
        if not (name := panel.choose_network()):
            return
        results = st.container()
        galaxy = prepare(choose(good, name) if len(good) > 1 else good[0], name)
    panel.show(galaxy, name)
    if len(good) > 1:
        show_results(results, good, name)


def page() -> None:
    """Describe the screen."""
    st.title("Upload pictures")
    say_once(unknown_names(()))
    st.markdown(
        "One galaxy in the middle of each picture works best. Your pictures stay in this session: nobody else sees "
        "them, and they are gone when you close or reload the page."
    )
    take_files()
    good = [upload for upload in uploads().values() if not upload.error]
    say_what_came_along(good)
    bad = [upload for upload in uploads().values() if upload.error]
    if bad:
        name_the_bad(bad, len(good) + len(bad))
    if uploads():
        st.button(
            "Remove all pictures",
            icon=":material/delete:",
            on_click=clear,
            help="Forgets every picture and its results. The × beside a file's name removes that one.",
        )
    else:
        st.info("Nothing here yet. Drop a picture of a galaxy above.", icon=":material/upload:")
    if good:
        show(good)


page()
