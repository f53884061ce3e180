"""``pack``: a catalogue as one small zip file, to train or predict on another machine."""

import argparse
import io
import json
import zipfile
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from PIL import Image

from galaxy_explorer.catalogue import (
    FIELD_FILE,
    PARAMETERS_FILE,
    SCORES_FILE,
    VALIDATION_FILE,
    Catalogue,
    open_catalogue,
    read_ids,
    read_validation_ids,
)
from galaxy_explorer.commands.reporting import (
    check_not_overwriting_inputs,
    check_output,
    disk_errors,
    report,
    report_unscanned,
    reserved,
)
from galaxy_explorer.images import FIELD_PX, MIN_SIDE, ImageError, central_field
from galaxy_explorer.progress import progress_bar
from galaxy_explorer.storage import try_lock

MAX_SIDE = 2048  # pixels: five times the original image, and far below WebP's own limit
BATCH_SIZE = 256  # images between two points at which an interruption is noticed
SUFFIX = ".webp"


def pack(options: argparse.Namespace) -> int:
    """Write the zip file; return the exit status.

    Each image is its central square, resized and compressed again. The scores, the validation set and the remaining
    field of view are added. An interrupted file, which has another name, is resumed if the settings are the same.

    Raises
    ------
    ValueError
        If it cannot start; the message says why and what to do.
    """
    output = check_output(options.output)
    check_not_overwriting_inputs([options.data], output)
    catalogue = open_catalogue(options.data)
    report_unscanned([options.data])
    validation = read_validation_ids(options.data)
    if options.ids:
        catalogue = catalogue.subset(dict.fromkeys(read_ids(options.ids)))
    _check(options, catalogue)
    unfinished = output.with_name(f".{output.name}.part")
    with (
        reserved(output, try_lock(output.with_name(f".{output.name}.lock"))),
        disk_errors(output, lambda: "give the same command again"),
    ):
        failures = _write(options, catalogue, unfinished, validation)
        unfinished.replace(output)
    megabytes = output.stat().st_size / 1e6
    print(f"{len(catalogue) - len(failures):,} galaxies are in {options.output}, {megabytes:.1f} MB")
    return report(failures, "the file is without them")


def _check(options: argparse.Namespace, catalogue: Catalogue) -> None:
    """Raise ValueError for settings that are out of range, before anything is written."""
    if options.output.suffix.lower() != ".zip":
        raise ValueError(f"--output {options.output} is not a zip file; name one that ends in .zip")
    if not 0 < options.crop <= 1 or not 1 <= options.quality <= 100:
        raise ValueError(
            f"--crop {options.crop:g} and --quality {options.quality} were given; the crop must be above 0 and at most "
            "1, the quality from 1 to 100"
        )
    if not MIN_SIDE <= options.size <= MAX_SIDE:
        raise ValueError(f"--size {options.size} was given; images must have {MIN_SIDE} to {MAX_SIDE:,} pixels a side")
    if options.crop > catalogue.field_of_view:
        raise ValueError(
            f"the images of {catalogue.name} show {catalogue.field_of_view:.3f} of the field of view and "
            f"--crop {options.crop:g} asks for more; give --crop {catalogue.field_of_view:.3f} or less"
        )


def _write(options: argparse.Namespace, catalogue: Catalogue, path: Path, validation: list[str]) -> dict[str, str]:
    """Write what the unfinished file lacks; return the failures."""
    settings = json.dumps([catalogue.fingerprint, options.crop, options.size, options.quality]).encode()
    done = _members_of(path, settings)
    # Images are compressed already; an interrupted zip file is complete as far as it goes.
    with zipfile.ZipFile(path, "a" if done else "w") as archive:
        archive.comment = settings
        failures = _write_images(options, catalogue, archive, done)
        table = catalogue.table.drop(columns="picture").dropna(how="all")
        extras = {FIELD_FILE: json.dumps({"centre": round(options.crop * FIELD_PX, 3), "of": FIELD_PX})}
        if len(table):
            extras[SCORES_FILE] = table.to_csv()
        if catalogue.simulated:
            extras[PARAMETERS_FILE] = catalogue.parameters_file().decode()
        if listed := [galaxy for galaxy in validation if galaxy in catalogue]:
            extras[VALIDATION_FILE] = "\n".join(listed) + "\n"
        for name in extras.keys() - done:
            archive.writestr(name, extras[name], compress_type=zipfile.ZIP_DEFLATED)
        archive.comment = b""
    return failures


def _members_of(path: Path, settings: bytes) -> set[str]:
    """Return the members of an unfinished file; none if it cannot be resumed."""
    if not path.is_file():
        return set()
    try:
        with zipfile.ZipFile(path) as archive:
            names = {member.filename for member in archive.infolist() if member.file_size}
            # A member without content was being written at the interruption; only a new file can replace it.
            complete = archive.comment == settings and len(names) == len(archive.infolist())
            return names if complete else set()
    except zipfile.BadZipFile:  # a process that was killed leaves a file without its list of members
        return set()


def _write_images(
    options: argparse.Namespace, catalogue: Catalogue, archive: zipfile.ZipFile, done: set[str]
) -> dict[str, str]:
    """Add the images that the archive lacks; return the failures."""
    failures: dict[str, str] = {}
    missing = [galaxy_id for galaxy_id in catalogue.ids if galaxy_id + SUFFIX not in done]
    compress = partial(_compress, catalogue, options.crop, options.size, options.quality)
    with (
        ThreadPoolExecutor(options.workers) as pool,
        progress_bar("galaxies", len(catalogue), initial=len(done)) as bar,
    ):
        for first in range(0, len(missing), BATCH_SIZE):
            batch = missing[first : first + BATCH_SIZE]
            for galaxy_id, image in zip(batch, [pool.submit(compress, name) for name in batch], strict=True):
                try:
                    archive.writestr(galaxy_id + SUFFIX, image.result())
                except ImageError as error:
                    failures[galaxy_id] = str(error)
                bar.update()
    return failures


def _compress(catalogue: Catalogue, crop: float, size: int, quality: int, galaxy_id: str) -> bytes:
    """Return the central square of a galaxy's image as a WebP file."""
    try:
        square = central_field(catalogue.finding(galaxy_id).picture, crop, size, field=catalogue.field_of_view)
    except OSError as error:
        raise ImageError(str(error)) from error
    content = io.BytesIO()
    Image.fromarray(square).save(content, "WEBP", quality=quality)
    return content.getvalue()
