"""Uploaded zip files: their pictures and score tables, within the bounds on uploads."""

import io
import struct
import zipfile

from galaxy_explorer.catalogue import CatalogueError
from galaxy_explorer.catalogue.errors import UNREADABLE
from galaxy_explorer.catalogue.zip_files import MAX_PICTURE_BYTES, read_directory, read_member
from galaxy_explorer.images import ImageError

MAX_MEMBERS = 20_000  # more take seconds to list
HEADER_OF_MEMBER = b"PK\x01\x02"


def is_zip(name: str) -> bool:
    """Whether a file is a zip file by its name."""
    return name.lower().endswith(".zip")


def open_members(content: bytes, name: str, endings: tuple[str, ...], max_bytes: int) -> "list[Member]":
    """Return the files of a zip file with some endings; folders are not part of their names.

    Raises
    ------
    CatalogueError
        If it cannot be read, has too many files, none with these endings, or they unpack to more than `max_bytes`.
    """
    if content.count(HEADER_OF_MEMBER) > MAX_MEMBERS:
        raise CatalogueError(f"{name} holds more than {MAX_MEMBERS:,} files: divide it")
    try:
        archive = read_directory(io.BytesIO(content))
        infos = [info for info in archive.infolist() if not info.is_dir()]
    except (*UNREADABLE, ValueError, struct.error) as error:
        raise CatalogueError(f"{name} is damaged, or not a zip file ({error}): pack it again") from error
    members = [Member(archive, info) for info in infos]
    usable = [member for member in members if member.name.lower().endswith(endings) and not member.hidden]
    if not usable:
        raise CatalogueError(f"{name} holds no pictures: their names end in {', '.join(endings)}")
    if (size := sum(member.size for member in usable)) > max_bytes:
        raise CatalogueError(
            f"{name} unpacks to {size / 1e6:.0f} MB; at most {max_bytes / 1e6:.0f} MB are read: divide it"
        )
    return usable


class Member:
    """One file of a zip file."""

    def __init__(self, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> None:
        self._archive, self._info = archive, info
        *self._folders, self.name = info.filename.split("/")

    @property
    def hidden(self) -> bool:
        """Whether macOS wrote it next to a file of the same name."""
        return self.name.startswith(".") or "__MACOSX" in self._folders

    @property
    def size(self) -> int:
        """Its bytes when unpacked."""
        return self._info.file_size

    def read(self) -> bytes:
        """Unpack it; raise ImageError if it is too large, encrypted or damaged."""
        try:
            return read_member(self._archive, self._info.filename, MAX_PICTURE_BYTES)
        except (*UNREADABLE, ValueError, KeyError, struct.error) as error:
            raise ImageError(f"it cannot be unpacked: {error}") from error
