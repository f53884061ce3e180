"""Upload: pictures of a visitor, one, many or a folder, kept in the session alone."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from galaxy_explorer.app import state
from galaxy_explorer.app.panel import panel
from galaxy_explorer.app.panel.shown_galaxy import ShownGalaxy
from galaxy_explorer.app.services import networks, sources
from galaxy_explorer.app.services.collections.collection import Address
from galaxy_explorer.app.state import Key, Upload
from galaxy_explorer.app.ui.buttons.heart import show_heart
from galaxy_explorer.app.ui.crop_tool import show_crop
from galaxy_explorer.app.ui.skeletons import PANEL, waiting
from galaxy_explorer.app.ui.survey_links import links_out
from galaxy_explorer.app.ui.try_one import Example, show_examples, show_steps
from galaxy_explorer.app.ui.url_params import unknown_params, warn_once
from galaxy_explorer.app.ui.wording import escape_markdown
from galaxy_explorer.app.upload import session
from galaxy_explorer.app.upload.results import columns_of, ood_score, score_in_words, show_results
from galaxy_explorer.catalogue import SAMPLE
from galaxy_explorer.images import GREY, NORTH_IS, Exposure

STYLE, PHONE_CAMERA, SCROLL = (
    Path(__file__).with_name(name) for name in ("upload.css", "phone_camera.html", "scroll.html")
)
UPLOADED = sorted({ending.rpartition(".")[2] for ending in (*session.ENDINGS, ".zip")})
KINDS = (
    "JPEG, PNG, TIFF, WebP, AVIF or FITS; also as a zip file. Optional: scores.csv with volunteers' votes. "
    "No one else sees your pictures. They are gone within a minute after you close or reload the page."
)
BOUNDS = (
    f"At most {session.MAX_PICTURES} pictures with {session.MAX_BYTES / 1e6:.0f} MB together. A file beyond that is "
    "refused, with the error 413 if it does not reach the page: remove some first, or use `galaxy-explorer predict`."
)
SCANNED = 8  # pictures whose out-of-distribution score decides which one is shown first: a second's work
EXAMPLES = {  # of the bundled sample
    "587737825678131439": ("Spiral", "a disk with arms"),
    "587736542560715163": ("Edge-on disk", "seen from its side"),
    "587726016142835881": ("Merger", "two galaxies become one"),
    "100023": ("Barred spiral", "seen at a slant"),
    "100053": ("Smooth", "an oval without arms"),
    "784597": ("A puzzle", "no votes are known"),
}
STEPS = {
    ":material/crop: **Found.**": "The galaxy nearest the middle is cropped as Galaxy Zoo showed it. You can drag the "
    "square.",
    ":material/hub: **Predicted.**": "Two networks predict the volunteers' votes. They warn of a picture whose like "
    "they have never seen.",
    ":material/visibility: **Explained.**": "You see every answer, and which areas of the picture spoke for it. "
    "Download the scores as a table.",
}
NAMED = 5  # refused files that are listed at once; the others are folded


def take_files() -> Any:
    """Show the uploaders, read the files that are new, and return the row of buttons."""
    key_of = session.key_of
    upload = partial(st.file_uploader, type=UPLOADED, on_change=session.drop_unlisted)
    with st.container(key="drop"):
        given = upload("Drop or choose pictures", accept_multiple_files=True, key=key_of(Key.FILES), help=BOUNDS)
    with st.container(key="kinds"):
        st.caption(KINDS)
    buttons = st.container(key="other_ways", horizontal=True, vertical_alignment="center")
    with buttons:
        hidden = {"label_visibility": "collapsed", "width": 160}
        with st.container(key="whole_folder", width="content"):
            in_folder = upload("Folder", accept_multiple_files="directory", key=key_of(Key.FOLDER), **hidden)
        with st.container(key="take_photo", width="content"):  # phones alone
            photos = upload("Take a photo", accept_multiple_files=True, key=key_of(Key.PHONE_PHOTO), **hidden)
        st.html(PHONE_CAMERA, unsafe_allow_javascript=True)
        with st.container(key="use_camera", width="content"):  # computers alone
            on = st.toggle("Use the camera", key=Key.CAMERA)
    if on and (photo := st.camera_input("Photo", key=key_of(Key.PHOTO))):
        session.add_photo(photo)
    # Browsers list a folder's files in any order.
    session.take([*given, *sorted(in_folder, key=lambda file: file.name), *photos])
    return buttons


def show_example_pictures() -> None:
    """Show pictures to try."""
    st.markdown("### No picture at hand?")
    pictures = {galaxy_id: sources.galaxy_thumbnail(SAMPLE, galaxy_id) for galaxy_id in EXAMPLES}
    examples = [Example(galaxy_id, *words, pictures[galaxy_id]) for galaxy_id, words in EXAMPLES.items()]
    show_examples(examples, session.add_example, "upload")


def list_refused() -> None:
    """List the files that cannot be used, with the reasons."""
    mine = state.upload()
    if not mine.refused:
        return
    lines = [
        f"- **{escape_markdown(name.strip())}**: {escape_markdown(reason)}" for name, reason in mine.refused.values()
    ]
    head = f"{len(lines)} of {len(mine.pictures) + len(lines)} files cannot be used:"
    st.warning("\n".join([head, "", *lines[:NAMED]]), icon=":material/broken_image:")
    if lines[NAMED:]:
        with st.expander(f"{len(lines) - NAMED} more files that cannot be used"):
            st.markdown("\n".join(lines[NAMED:]))


def describe_scores(pictures: list[Upload]) -> None:
    """Show how many pictures the uploaded score table matches; warn if it matches none."""
    scores = state.upload().scores
    if scores is None:
        return
    matched = sum(session.has_scores(upload.galaxy_id) for upload in pictures)
    rows = f"scores.csv: {len(scores):,} row{'s' if len(scores) != 1 else ''}"
    if matched or not pictures:
        st.caption(f"{rows}, {matched} of {len(pictures)} pictures matched.")
        return
    first, expected = (escape_markdown(name) for name in (next(iter(scores.index), ""), pictures[0].galaxy_id))
    st.warning(
        f"{rows}, no picture matched. Ids are file names without endings: the first id is “{first}”; expected, for "
        f"example, “{expected}”. Correct the ids and upload the table again.",
        icon=":material/help:",
    )


def choose_picture(pictures: list[Upload], network: str) -> Upload:
    """Return the picture that was chosen, at first one that is not out of distribution."""
    if len(pictures) == 1:
        return pictures[0]
    by_id = {upload.galaxy_id: upload for upload in pictures}
    if state.widget(Key.UPLOAD) not in by_id:
        usual = (upload for upload in pictures[:SCANNED] if (ood_score(upload, network) or 0.0) <= 1)
        state.set_widget(Key.UPLOAD, next(usual, pictures[0]).galaxy_id)
    return by_id[st.selectbox("Picture", list(by_id), key=Key.UPLOAD, persist_state="session", width=320)]


def choose_image(upload: Upload) -> None:
    """Show the choice among the images of a FITS file."""
    if len(upload.choices) < 2:
        return
    key = Key.FITS_IMAGE.of(*upload.picture_key[:2])
    if state.widget(key) is None:
        state.set_widget(key, upload.image)
    choose = partial(session.choose_image, upload.galaxy_id, key)
    st.selectbox("Image of this file", upload.choices, key=key, on_change=choose, width=320)
    mine = state.upload()
    if mine.image_error:
        st.warning(mine.image_error, icon=":material/broken_image:")
        mine.image_error = ""


def describe_exposure(upload: Upload, exposure: Exposure) -> None:
    """Show where a picture lies on the sky, and what was done to show it."""
    if position := exposure.position:
        links = links_out(position.ra_deg, position.dec_deg)
        which = "Centre of the whole picture: " if session.cropped(upload).square else ""
        st.markdown(f"{which}{links} · {position.pixel_scale_arcsec:.3g}″ per pixel")
    if GREY in exposure.notes:
        st.warning(f"{GREY[0].upper()}{GREY[1:]}.", icon=":material/invert_colors_off:")
    # An arrow on the picture shows where north is.
    if others := [note for note in exposure.notes if note != GREY and not note.startswith(NORTH_IS)]:
        st.caption(f"About this FITS file: {escape_markdown('; '.join(others))}.")


def warn_of_ood(upload: Upload, network: str) -> bool:
    """Warn of a picture that is out of distribution, and return whether it is."""
    score = ood_score(upload, network)
    if score is None or score <= 1:
        return False
    reference = networks.network(network).card.ood_reference
    percent = 100 * reference.quantile if reference else 100
    st.warning(
        f"**The network has never seen a picture like this.** Don't trust the answers below. It differs more from the "
        f"training pictures than {percent:.0f} % of galaxies do (out-of-distribution score: {score_in_words(score)}). "
        f"About {100 - percent:.0f} in 100 good pictures get this warning.",
        icon=":material/help:",
    )
    return True


def describe_votes(upload: Upload) -> np.ndarray | None:
    """Return the volunteers' votes, and show whose they are, since a name alone may mislead."""
    (votes,) = session.votes_of([upload.galaxy_id])
    if votes is not None:
        catalogue = escape_markdown(sources.source_label(sources.current_source()))
        other = f"galaxy {escape_markdown(upload.galaxy_id)} in {catalogue}, found by the file name"
        st.caption(f"Volunteers' votes: {'scores.csv' if session.has_scores(upload.galaxy_id) else other}.")
    return votes


def prepare(upload: Upload, network: str) -> ShownGalaxy:
    """Show what is known of one upload, with the crop tool."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(escape_markdown(upload.galaxy_id), width="content")
        if source := session.source_of(upload.galaxy_id):
            show_heart(Address(source, upload.galaxy_id))
        if not session.is_listed(upload.galaxy_id):  # uploaded before a change of page: there is no × to remove it
            remove = partial(session.remove, upload.galaxy_id)
            st.button("Remove picture", icon=":material/delete:", on_click=remove)
    choose_image(upload)
    exposure = session.exposure_of(upload)
    describe_exposure(upload, exposure)
    votes = describe_votes(upload)
    shown = replace(session.cropped(upload), is_doubtful=warn_of_ood(upload, network))
    crop_to = partial(session.crop_to, upload.galaxy_id)
    show_crop(shown, networks.network(network).card.crop, crop_to, exposure.position)
    return ShownGalaxy(
        upload.galaxy_id,
        shown.picture,
        1.0,
        votes,
        state.upload().results,
        upload.key,
        upload.picture_key,
        columns_of([upload], network).to_dict("records")[0],
    )


def show(pictures: list[Upload]) -> None:
    """Show one upload and, of several, the table of all."""
    head = st.container(key="upload_result")
    with waiting("Predicting …", PANEL), head:
        if not (network := panel.choose_network()):
            return
        results = st.container()
        galaxy = prepare(choose_picture(pictures, network), network)
    panel.show(galaxy, lambda: network)
    if len(pictures) > 1:
        show_results(results, pictures, network)


def page() -> None:
    """Show the page."""
    st.html(STYLE)
    st.title("Upload pictures")
    warn_once(unknown_params(()))
    st.markdown("See what Galaxy Zoo volunteers would probably say about your own pictures.")
    with st.container(key="upload_area"):
        left, right = st.columns(2, gap="large")
    examples, steps = right.empty(), st.empty()  # emptied before the files are read
    with left:
        buttons = take_files()
    mine = state.upload()
    pictures = list(mine.pictures.values())
    describe_scores(pictures)
    list_refused()
    if pictures or mine.refused:
        meaning = "Removes every picture with its results; the × next to a file name removes one."
        buttons.button("Remove all pictures", icon=":material/delete:", on_click=session.remove_all, help=meaning)
    else:
        with examples.container(key="no_pictures"):
            show_example_pictures()
        with steps.container(key="no_pictures_yet"):
            show_steps(STEPS, "upload")
    if pictures:
        show(pictures)
    with st.container(key="scroll"):
        st.html(SCROLL.read_text(encoding="utf-8").replace("COUNT", str(len(pictures))), unsafe_allow_javascript=True)


page()
