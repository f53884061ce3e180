"""Zip files of pictures: a cached open file per process, and size limits on unpacking."""

import os
import zipfile
from functools import lru_cache
from pathlib import Path

MAX_PICTURE_BYTES = 256 * 2**20  # of one picture, unpacked: room for MAX_PIXELS at 16 bits in RGB
MAX_TABLE_BYTES = 512 * 2**20  # of a list or a table, unpacked: 37 scores of a million galaxies


def open_zip(root: Path) -> zipfile.ZipFile:
    """Return an open zip file, cached until the file changes."""
    state = root.stat()
    return _open(root, os.getpid(), (state.st_ino, state.st_size, state.st_mtime_ns))


@lru_cache(maxsize=8)
def _open(root: Path, _process: int, _state: tuple[int, ...]) -> zipfile.ZipFile:
    # ZipFile's reads are safe between threads, but not between processes that share one open file.
    return zipfile.ZipFile(root)


def read_member(archive: zipfile.ZipFile, name: str, max_bytes: int) -> bytes:
    """Unpack one member of at most `max_bytes`; raise BadZipFile or KeyError."""
    member = archive.getinfo(name)
    if member.file_size > max_bytes:
        raise zipfile.BadZipFile(f"{name} takes more than {max_bytes / 2**20:.0f} MiB unpacked, the limit")
    if member.compress_type == zipfile.ZIP_BZIP2:  # its block size is unbounded: a few bytes may unpack to gigabytes
        raise zipfile.BadZipFile(f"{name} is packed by bzip2, which is not supported: pack the pictures with deflate")
    with archive.open(member) as file:
        return file.read(member.file_size + 1)  # no more than declared, whatever the data holds
