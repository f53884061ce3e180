"""Zip files of galaxies: opened once, and read within bounds, whatever they say of themselves."""

import os
import zipfile
from functools import lru_cache
from pathlib import Path

MAX_PICTURE_BYTES = 256 * 2**20  # of one picture, unpacked: room for MAX_PIXELS at 16 bits in RGB
MAX_TABLE_BYTES = 512 * 2**20  # of a list or a table, unpacked: 37 scores of a million galaxies


def zip_file(root: Path) -> zipfile.ZipFile:
    """Open a zip file, or take it as this process opened it before, unless the file has changed since."""
    state = root.stat()
    return _opened(root, os.getpid(), (state.st_ino, state.st_size, state.st_mtime_ns))


@lru_cache(maxsize=8)
def _opened(root: Path, _process: int, _state: tuple[int, ...]) -> zipfile.ZipFile:
    # ZipFile's reads are safe between threads, but not between processes that share one open file.
    return zipfile.ZipFile(root)


def read_member(archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    """Unpack one member of a zip file.

    Parameters
    ----------
    archive : zipfile.ZipFile
        The file, opened.
    name : str
        Of the member.
    most : int
        How many bytes it may take unpacked. Hardly more than the archive says are unpacked, whatever there is.

    Raises
    ------
    zipfile.BadZipFile
        When it takes more, is damaged, or is packed by bzip2.
    KeyError
        When there is no such member.
    """
    member = archive.getinfo(name)
    if member.file_size > most:
        raise zipfile.BadZipFile(f"{name} takes more than {most / 2**20:.0f} MiB unpacked, the most that is read")
    if member.compress_type == zipfile.ZIP_BZIP2:  # of which a few bytes may be gigabytes, and are unpacked at once
        raise zipfile.BadZipFile(f"{name} is packed by bzip2, which is not read: pack the pictures anew")
    with archive.open(member) as file:
        return file.read(member.file_size + 1)
