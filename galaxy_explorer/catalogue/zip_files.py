"""Zip files of pictures: a cached open file per process, and size limits on unpacking."""

import os
import zipfile
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

MAX_FIELD_BYTES = 4096  # of a field.json
MAX_PICTURE_BYTES = 256 * 2**20  # of one picture, unpacked: room for MAX_PIXELS at 16 bits in RGB
MAX_TABLE_BYTES = 512 * 2**20  # of a list or a table, unpacked: 37 scores of a million galaxies
UNCHECKED_BYTES = 16 * 2**20  # members up to this size may be packed as tightly as they are
MAX_RATIO = 100  # of larger members, unpacked to packed: score tables have 3 to 30, pictures less
_METHODS = {zipfile.ZIP_BZIP2: "bzip2", 9: "deflate64", 93: "Zstandard", 95: "XZ", 98: "PPMd"}
_READ = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA)


class PackingError(zipfile.BadZipFile):
    """A member of a zip file whose packing is not supported; the message says what to do."""


def open_zip(root: Path) -> zipfile.ZipFile:
    """Return an open zip file, cached until the file changes."""
    state = root.stat()
    return _open(root, os.getpid(), (state.st_ino, state.st_size, state.st_mtime_ns))


@lru_cache(maxsize=8)
def _open(root: Path, _process: int, _state: tuple[int, ...]) -> zipfile.ZipFile:
    # ZipFile's reads are safe between threads, but not between processes that share one open file.
    return read_directory(root)


def read_directory(file: Path | BinaryIO) -> zipfile.ZipFile:
    """Read the directory of a zip file, with the names of Windows and macOS; raise BadZipFile."""
    try:  # macOS packs names in UTF-8 without the flag for it
        archive = zipfile.ZipFile(file, metadata_encoding="utf-8")
    except UnicodeDecodeError:
        archive = zipfile.ZipFile(file)
    for member in archive.filelist:
        member.filename = member.filename.replace("\\", "/")  # of older programs on Windows
    archive.NameToInfo = {member.filename: member for member in archive.filelist}
    return archive


def member_names(root: Path) -> list[str]:
    """Return the names of a zip file's members, without the copies that macOS adds."""
    return [name for name in open_zip(root).namelist() if "__MACOSX" not in name.split("/")]


def packing_problem(member: zipfile.ZipInfo) -> str:
    """Return why a member cannot be unpacked, and what to do; empty if it can."""
    if member.flag_bits & 1:
        return "is locked by a password: pack it again without one"
    if member.compress_type not in _READ:  # a few bytes of bzip2 may unpack to gigabytes: its blocks are unbounded
        method = _METHODS.get(member.compress_type, f"method {member.compress_type}")
        return f"is packed by {method}, which is not supported: pack it again with deflate"
    if member.file_size > max(UNCHECKED_BYTES, MAX_RATIO * member.compress_size):
        return f"unpacks to more than {MAX_RATIO} times its packed size, the limit: pack it again without compression"
    return ""


def read_member(archive: zipfile.ZipFile, name: str, max_bytes: int) -> bytes:
    """Unpack one member of at most `max_bytes`; raise BadZipFile or KeyError."""
    member = archive.getinfo(name)
    if problem := packing_problem(member):
        raise PackingError(f"it {problem}")
    if member.file_size > max_bytes:
        limit = f"{max_bytes / 2**20:.0f} MiB" if max_bytes >= 2**20 else f"{max_bytes:,} bytes"
        raise PackingError(f"it takes more than {limit} unpacked, the limit")
    with archive.open(member) as file:
        return file.read(member.file_size + 1)  # no more than declared, whatever the data holds
