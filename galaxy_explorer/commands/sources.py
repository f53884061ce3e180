"""Galaxies at the paths of the command line, and what is reported of their images."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NoReturn

from galaxy_explorer.catalogue import Catalogue, field_of_view_of, has_known_field, normalise_id, open_catalogue
from galaxy_explorer.catalogue.image_files import SUFFIXES
from galaxy_explorer.commands.reporting import NAMED_FAILURES, say
from galaxy_explorer.images import FITS_ENDINGS, Finding, ImageError, find_galaxy, is_named, read_exposure, stem_of
from galaxy_explorer.prediction import Source, sources_of

NAMED_PATHS = 3  # in a reason; there may be as many as folders of a survey
Notes = dict[str, list[str]]  # how images were read, with the ids of the galaxies


def sources_at(
    paths: Sequence[str], ids: Sequence[str] | None = None, notes: Notes | None = None, *, crop: bool = False
) -> list[Source]:
    """Find the galaxies at some paths: images, folders and zip files.

    Parameters
    ----------
    paths : sequence of str
        The paths; ``sample`` is the bundled sample.
    ids : sequence of str, optional
        Only these galaxies. One without an image becomes a source that fails.
    notes : dict, optional
        Gets what was done to images as they are read, with the ids.
    crop : bool
        Whether to find the galaxy, and crop to it, in images whose field of view is not known.

    Raises
    ------
    ValueError
        If a path is not an image, a folder or a zip file, two images have one id, a path holds no images, or none of
        the ids has one.
    """
    by_id: dict[str, tuple[str, Source]] = {}
    for path in paths:
        for source in _sources_at(path, {} if notes is None else notes, crop):
            if source.galaxy_id in by_id:
                raise ValueError(
                    f"galaxy {source.galaxy_id} is in both {by_id[source.galaxy_id][0]} and {path}; an id is the "
                    "image's name without its ending: rename one, or leave one out"
                )
            by_id[source.galaxy_id] = path, source
    if ids is None:
        return [source for _, source in by_id.values()]
    others = f" and {len(paths) - NAMED_PATHS:,} more" if len(paths) > NAMED_PATHS else ""
    where = f"{', '.join(paths[:NAMED_PATHS])}{others}"
    if by_id and not by_id.keys() & set(ids):
        raise ValueError(
            f"none of the {len(ids):,} ids, the first of them {ids[0]}, has an image in {where}; an id is the "
            "image's name without its ending"
        )
    absent = partial(_fail, f"there is no image of it in {where}")
    return [by_id[name][1] if name in by_id else Source(name, absent) for name in dict.fromkeys(ids)]


def _sources_at(path: str, notes: Notes, crop: bool) -> Iterator[Source]:
    """Yield the galaxies of a folder, a zip file or a single image."""
    file = Path(path)
    if not file.is_file() or file.suffix.lower() == ".zip":
        catalogue = with_crop(open_catalogue(path), crop)
        for source in sources_of(catalogue):
            if source.cropped or is_named(str(catalogue.table.at[source.galaxy_id, "picture"]), *FITS_ENDINGS):
                find = partial(catalogue.picture_file, source.galaxy_id)
                noted = partial(_read_noted, notes, source.galaxy_id, find, source.cropped)
                source = replace(source, read=catalogue.distinguish_missing_root()(noted))
            yield source
    else:
        _check_is_image(file)
        cropped = crop and not has_known_field(path)
        galaxy_id, state = normalise_id(stem_of(file.name)), file.stat()
        read = partial(_read_noted, notes, galaxy_id, lambda: file, cropped)
        # A field.json next to it says that the image was cropped before, as for the folder as a whole.
        yield Source(galaxy_id, read, field_of_view_of(file.parent), (state.st_size, state.st_mtime_ns), cropped)


def with_crop(catalogue: Catalogue, crop: bool) -> Catalogue:
    """Return a catalogue as it is, or, without `crop`, with pictures that are predicted whole."""
    return catalogue if crop else replace(catalogue, framed=True)


def _check_is_image(file: Path) -> None:
    """Raise ValueError for a file that is not an image by name or content, such as a table."""
    if file.name != file.name.encode(errors="replace").decode():
        raise ValueError(f"the name of {file} is not UTF-8, so it is not an id; rename it")
    if is_named(file.name, *SUFFIXES):
        return
    try:
        read_exposure(file, located=False)
    except ImageError as error:
        raise ValueError(
            f"{file} is not a picture ({error}); give pictures, folders or zip files of pictures. "
            "A table of ids is given to --ids"
        ) from error


def _read_noted(notes: Notes, galaxy_id: str, find: Callable[[], bytes | Path], cropped: bool) -> Finding:
    """Read an image, find the galaxy in it if asked to, and note what was done."""
    exposure = read_exposure(find(), located=False)
    choice = f"the file holds {len(exposure.images)} images; “{exposure.name}” was predicted"
    found = find_galaxy(exposure.picture) if cropped else Finding(exposure.picture)
    drawn = [f"drawn over the picture, and removed before the prediction: {kind}" for kind in found.removed]
    for note in (*([choice] if exposure.is_chosen else []), *exposure.notes, *drawn):
        notes.setdefault(note, []).append(galaxy_id)  # threads do this, each in one step
    return found


def report_notes(notes: Notes) -> None:
    """Report how images were read, the most frequent note first."""
    for note, galaxies in sorted(notes.items(), key=lambda item: (-len(item[1]), item[0]))[:NAMED_FAILURES]:
        others = f" and {len(galaxies) - 1:,} more" if len(galaxies) > 1 else ""
        say(f"galaxy {min(galaxies)}{others}: {note}")  # threads add them in any order


def _fail(reason: str) -> NoReturn:
    """Raise an ImageError instead of reading an image."""
    raise ImageError(reason)
