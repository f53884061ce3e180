"""Change a real one: a galaxy of a catalogue, turned, dimmed, blurred or partly covered."""

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import streamlit as st

from galaxy_explorer.app import paths, state
from galaxy_explorer.app.panel.shown_galaxy import ShownGalaxy, galaxy_of
from galaxy_explorer.app.services import sources
from galaxy_explorer.app.ui.try_one import Example, show_examples
from galaxy_explorer.app.ui.wording import escape_markdown, with_full_stop
from galaxy_explorer.app.workbench import brush, sliders
from galaxy_explorer.app.workbench.comparison import show_change
from galaxy_explorer.app.workbench.links import params_of
from galaxy_explorer.app.workbench.reading import Bench, show_picture, show_reading
from galaxy_explorer.app.workbench.sliders import changed_text, choose_group
from galaxy_explorer.app.workbench.varying import show_varying
from galaxy_explorer.catalogue import Catalogue, CatalogueError
from galaxy_explorer.images import CHANGES, ImageError, PictureChanges, change_picture

GROUPS = {
    "Turn and zoom": {name: CHANGES[name] for name in ("rotation", "zoom")},
    "Light": {name: CHANGES[name] for name in ("brightness", "grey")},
    "Blur and noise": {name: CHANGES[name] for name in ("blur", "noise")},
}
COVER = "Cover"
OFFERED = 12  # galaxies to choose from
UNCHANGED, CHANGED = "Unchanged", "Changed"


def requested_galaxy() -> tuple[str, Catalogue, str]:
    """Return source, catalogue and id: by the URL, else as shown last, else the first.

    Raises
    ------
    CatalogueError, OSError
        If the source cannot be opened, or has no such galaxy.
    """
    source = sources.current_source()
    catalogue = sources.catalogue(source)
    bench = state.workbench()
    asked = st.query_params.get("galaxy")
    if asked is None:
        known = bench.changed_galaxy if bench.changed_galaxy and bench.changed_galaxy[0] == source else None
        asked = known[1] if known else state.galaxy().galaxy_id
        asked = asked if asked in catalogue else catalogue.ids[0]
    if asked not in catalogue:
        raise CatalogueError(
            f"there is no galaxy {asked!r} among the {len(catalogue):,} of {catalogue.name}: check the id"
        )
    return source, catalogue, asked


def choose_changes(changes: PictureChanges) -> None:
    """Change the picture."""
    state.workbench().changes = changes


def choose_galaxy(source: str, galaxy_id: str) -> None:
    """Put another galaxy on the workbench, with the same changes but for what was covered."""
    bench = state.workbench()
    bench.changed_galaxy = (source, galaxy_id)
    bench.changes = replace(bench.changes, covered=())
    st.query_params.from_dict(url_params())


def choose_value(name: str, value: float) -> None:
    """Change one thing about the picture."""
    one: dict[str, Any] = {name: value}
    choose_changes(replace(state.workbench().changes, **one))


def show_choice(source: str, catalogue: Catalogue, galaxy_id: str) -> None:
    """Draw the galaxy's name, the choice of another one, and the link to its page."""
    with st.container(key="bench_choice", horizontal=True, vertical_alignment="center"):
        st.markdown(
            f"**Galaxy {escape_markdown(galaxy_id)}** of {escape_markdown(sources.source_label(source))}",
            width="content",
        )
        with st.popover("Choose another", icon=":material/grid_view:"):
            _offer_galaxies(source, catalogue)
        params = {"source": source, "galaxy": galaxy_id}
        st.page_link(paths.GALAXY, label="Galaxy page", icon=":material/flare:", query_params=params)


def _offer_galaxies(source: str, catalogue: Catalogue) -> None:
    """Draw some galaxies to choose from; others on request."""
    bench = state.workbench()

    def draw_others() -> None:
        bench.draws += 1

    rows = np.random.default_rng(bench.draws).choice(len(catalogue), min(OFFERED, len(catalogue)), replace=False)
    ids = [catalogue.ids[row] for row in sorted(rows.tolist())]
    pictures = zip(ids, sources.galaxy_thumbnails(catalogue, ids), strict=True)
    found = [Example(one, one, "", picture) for one, picture in pictures if not isinstance(picture, ImageError)]
    show_examples(found, lambda name: choose_galaxy(source, name), "bench")
    if len(catalogue) > OFFERED:
        st.button("Show others", icon=":material/casino:", on_click=draw_others)


def changed_galaxy(galaxy: ShownGalaxy, changes: PictureChanges) -> ShownGalaxy:
    """Return a galaxy with a changed picture, on which no one voted."""
    if changes == PictureChanges():
        return replace(galaxy, volunteers=None)
    cache, key = state.workbench().results, ("changed", *galaxy.key, str(changes))
    picture = cache.get(key, lambda: change_picture(galaxy.picture, changes))
    title = f"{galaxy.name}, changed"
    return replace(galaxy, picture=picture, volunteers=None, cache=cache, key=key, picture_key=(), title=title)


def show_sliders(changes: PictureChanges) -> bool:
    """Draw the sliders or the brush; return whether the visitor paints."""
    texts = {group: changed_text(fields, changes, PictureChanges()) for group, fields in GROUPS.items()}
    texts[COVER] = _spots(len(changes.covered)) if changes.covered else ""
    group = choose_group(list(texts), [name for name, text in texts.items() if text], next(iter(GROUPS)))
    if group == COVER:
        brush.show_tools(changes, choose_changes)
    else:
        sliders.show_sliders(GROUPS[group], changes, choose_value)
    action: dict[str, Any] = {"on_click": choose_changes, "args": (PictureChanges(),)}
    st.button("Reset all", icon=":material/restart_alt:", disabled=changes == PictureChanges(), **action)
    if changed := list(filter(None, texts.values())):
        st.caption(f"Changed: {', '.join(changed)}.")
    return group == COVER


def _spots(count: int) -> str:
    return "1 spot covered" if count == 1 else f"{count} spots covered"


def show(model: str, bench: Bench, galaxy: ShownGalaxy) -> None:
    """Draw a galaxy with its changes and sliders."""
    mine = state.workbench()
    with bench.sliders:
        paints = show_sliders(mine.changes)
    changed = changed_galaxy(galaxy, mine.changes)
    picture = show_picture(bench, changed, "Simulated galaxy" if galaxy.simulated else "")
    before, after = galaxy.predict(model), changed.predict(model)
    with bench.words:
        show_change(before, after, mine.changes != PictureChanges(), (UNCHANGED, CHANGED))
    show_reading(bench, picture, after, "/".join(("changed", *galaxy.key)))
    if paints:
        with bench.picture:
            brush.show_brush(changed.picture, mine.changes, choose_changes)
    show_varying(model, changed, mine.changes, CHANGES, partial(changed_galaxy, galaxy))


def open_galaxy() -> ShownGalaxy | None:
    """Open the requested galaxy, with the choice of another; None, with a message, without one."""
    try:
        source, catalogue, galaxy_id = requested_galaxy()
        galaxy = galaxy_of(source, galaxy_id)
    except (CatalogueError, ImageError, OSError) as error:
        st.error(f"There is no galaxy to change: {with_full_stop(error)}", icon=":material/travel_explore:")
        st.page_link(paths.BROWSE, label="Browse galaxies", icon=":material/grid_view:")
        return None
    state.shared().source = source
    mine = state.workbench()
    if mine.changed_galaxy != (source, galaxy_id):
        mine.changed_galaxy = (source, galaxy_id)
    show_choice(source, catalogue, galaxy_id)
    return galaxy


def url_params() -> dict[str, str]:
    """Return the URL parameters that reproduce the changed galaxy."""
    mine = state.workbench()
    source, galaxy_id = mine.changed_galaxy or ("", "")
    return {"source": source, "galaxy": galaxy_id} | params_of(mine.changes)
