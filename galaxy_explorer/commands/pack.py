"""``pack``: the galaxies of a catalogue as one small zip file, to train or predict on another machine."""

import argparse
import io
import json
import zipfile
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from PIL import Image
from tqdm import tqdm

from galaxy_explorer.catalogue import FIELD_FILE, VALIDATION_FILE, Catalogue, read_ids, read_validation_ids
from galaxy_explorer.catalogue.layouts import SCORES_FILE
from galaxy_explorer.commands.reporting import (
    catalogue_at,
    check_output,
    check_spares,
    disk_in_words,
    report,
    reserved,
    say_passed_over,
)
from galaxy_explorer.images import FIELD_PX, MIN_SIDE, ImageError, central_field
from galaxy_explorer.storage import try_lock

MOST_SIDE = 2048  # pixels: five times what there is to show, and far below WebP's own limit
AT_ONCE = 256  # pictures between two looks at whether somebody wants to stop
SUFFIX = ".webp"


def pack(options: argparse.Namespace) -> int:
    """Write the zip file and give the exit status.

    Each picture is its central square, resized and compressed anew; the scores, the list of validation galaxies and
    the part of the field that is left go with them. An interrupted file is gone on with, where the settings are the
    same; until it is whole it has another name.

    Raises
    ------
    ValueError
        When it cannot begin; the message says why and what to do.
    """
    output = check_output(options.output)
    check_spares([options.data], output)
    catalogue = catalogue_at(options.data)
    say_passed_over([options.data])
    never = read_validation_ids(options.data)
    if options.ids:
        catalogue = catalogue.subset(dict.fromkeys(read_ids(options.ids)))
    _check(options, catalogue)
    unfinished = output.with_name(f".{output.name}.part")
    with (
        reserved(output, try_lock(output.with_name(f".{output.name}.lock"))),
        disk_in_words(output, lambda: "give the same command again"),
    ):
        failures = _write(options, catalogue, unfinished, never)
        unfinished.replace(output)
    megabytes = output.stat().st_size / 1e6
    print(f"{len(catalogue) - len(failures):,} galaxies are in {options.output}, {megabytes:.1f} MB")
    return report(failures, "the file is without them")


def _check(options: argparse.Namespace, catalogue: Catalogue) -> None:
    """Refuse settings that cannot be met before anything is written."""
    if options.output.suffix.lower() != ".zip":
        raise ValueError(f"--output {options.output} is no zip file; name one that ends in .zip")
    if not 0 < options.crop <= 1 or not 1 <= options.quality <= 100:
        raise ValueError(
            f"--crop {options.crop:g} and --quality {options.quality} were given; the crop must be above 0 and at most 1, "
            "the quality from 1 to 100"
        )
    if not MIN_SIDE <= options.size <= MOST_SIDE:
        raise ValueError(
            f"--size {options.size} was given; the pictures must have {MIN_SIDE} to {MOST_SIDE:,} pixels a side"
        )
    if options.crop > catalogue.field_of_view:
        raise ValueError(
            f"the pictures of {catalogue.name} show {catalogue.field_of_view:.3f} of the field and --crop {options.crop:g} asks for "
            f"more; give --crop {catalogue.field_of_view:.3f} or less"
        )


def _write(options: argparse.Namespace, catalogue: Catalogue, path: Path, never: list[str]) -> dict[str, str]:
    """Write what is missing of the unfinished file; give the galaxies that failed, with reasons."""
    settings = json.dumps([catalogue.fingerprint, options.crop, options.size, options.quality]).encode()
    done = _packed_before(path, settings)
    # Pictures are compressed already; a zip file that was interrupted is complete as far as it goes.
    with zipfile.ZipFile(path, "a" if done else "w") as archive:
        archive.comment = settings
        failures = _write_pictures(options, catalogue, archive, done)
        table = catalogue.table.drop(columns="picture").dropna(how="all")
        extras = {FIELD_FILE: json.dumps({"centre": round(options.crop * FIELD_PX, 3), "of": FIELD_PX})}
        if len(table):
            extras[SCORES_FILE] = table.to_csv()
        if listed := [galaxy for galaxy in never if galaxy in catalogue]:
            extras[VALIDATION_FILE] = "\n".join(listed) + "\n"
        for name in extras.keys() - done:
            archive.writestr(name, extras[name], compress_type=zipfile.ZIP_DEFLATED)
        archive.comment = b""
    return failures


def _packed_before(path: Path, settings: bytes) -> set[str]:
    """Name the members of an unfinished file with the same settings; none where there is no such file."""
    if not path.is_file():
        return set()
    try:
        with zipfile.ZipFile(path) as archive:
            names = {member.filename for member in archive.infolist() if member.file_size}
            # An empty one was being written at the interruption, and can only be replaced with the whole file.
            whole = archive.comment == settings and len(names) == len(archive.infolist())
            return names if whole else set()
    except zipfile.BadZipFile:  # a process that was killed leaves a file without its list of members
        return set()


def _write_pictures(
    options: argparse.Namespace, catalogue: Catalogue, archive: zipfile.ZipFile, done: set[str]
) -> dict[str, str]:
    """Add the pictures that are not in the archive yet; give the galaxies that failed, with reasons."""
    failures: dict[str, str] = {}
    wanted = [galaxy_id for galaxy_id in catalogue.ids if galaxy_id + SUFFIX not in done]
    small = partial(_small, catalogue, options.crop, options.size, options.quality)
    with (
        ThreadPoolExecutor(options.workers) as pool,
        tqdm(total=len(catalogue), initial=len(done), unit=" galaxies", disable=None) as bar,
    ):
        for first in range(0, len(wanted), AT_ONCE):
            some = wanted[first : first + AT_ONCE]
            for galaxy_id, content in zip(some, pool.map(small, some), strict=True):
                if isinstance(content, bytes):
                    archive.writestr(galaxy_id + SUFFIX, content)
                else:
                    failures[galaxy_id] = content
                bar.update()
    return failures


def _small(catalogue: Catalogue, crop: float, size: int, quality: int, galaxy_id: str) -> bytes | str:
    """Make a galaxy's picture small, or say why it cannot be read."""
    try:
        square = central_field(catalogue.picture(galaxy_id), crop, size, field=catalogue.field_of_view)
    except (ImageError, OSError) as error:
        return str(error)
    content = io.BytesIO()
    Image.fromarray(square).save(content, "WEBP", quality=quality)
    return content.getvalue()
