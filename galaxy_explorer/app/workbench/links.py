"""URL parameters that reproduce a changed picture."""

import math
import re
from collections.abc import Mapping

from galaxy_explorer.app.ui.url_params import ignored_param_message
from galaxy_explorer.images import CHANGES, COVERS, PictureChanges, Spot

COVERED, COVER = "covered", "cover"
NAMES = (*CHANGES, COVERED, COVER)
MAX_SPOTS = 400  # a URL of 6,000 characters
PER_UNIT = 1000  # spots are written in thousandths of the picture
THOUSANDTHS = re.compile("1000|[0-9]{1,3}")


def params_of(changes: PictureChanges) -> dict[str, str]:
    """Return the URL parameters of what differs from an unchanged picture."""
    params = {
        name: f"{value:g}" for name, field in CHANGES.items() if (value := getattr(changes, name)) != field.default
    }
    if changes.covered:
        params[COVERED] = ".".join("-".join(str(round(PER_UNIT * part)) for part in spot) for spot in changes.covered)
        if changes.cover != COVERS[0]:
            params[COVER] = changes.cover
    return params


def changes_of(params: Mapping[str, str]) -> tuple[PictureChanges, list[str]]:
    """Read changes from URL parameters; return them with messages about what is ignored."""
    values, messages = {}, []
    for name, field in CHANGES.items():
        if name not in params:
            continue
        try:
            value = float(params[name])
        except ValueError:
            value = math.nan
        if field.low <= value <= field.high:
            values[name] = value
        else:
            expected = f"a number from {field.low:g} to {field.high:g}"
            messages.append(ignored_param_message(name, params[name], expected))
    spots = _spots(params.get(COVERED, ""))
    if spots is None:
        messages.append(ignored_param_message(COVERED, params[COVERED], "disks like `500-480-40`, joined by dots"))
    cover = params.get(COVER, COVERS[0])
    if cover not in COVERS:
        messages.append(ignored_param_message(COVER, cover, " or ".join(f"`{one}`" for one in COVERS)))
        cover = COVERS[0]
    return PictureChanges(**values, covered=spots or (), cover=cover), messages


def _spots(text: str) -> tuple[Spot, ...] | None:
    """Read covered disks; None if the text is damaged."""
    parts = [part.split("-") for part in text.split(".")] if text else []
    if len(parts) > MAX_SPOTS or not all(len(part) == 3 and all(map(THOUSANDTHS.fullmatch, part)) for part in parts):
        return None
    return tuple(Spot(*(int(number) / PER_UNIT for number in part)) for part in parts)
