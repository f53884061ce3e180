"""Zip files from the internet, unpacked so that nothing lands outside the folder and nothing is left half done."""

import os
import shutil
import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath, PureWindowsPath

from tqdm import tqdm

from galaxy_explorer.commands.downloads import FetchError, check_room

BLOCK = 4096  # bytes: a file takes up whole blocks of a disk


def unpack(archive: Path, target: Path, endings: tuple[str, ...], most_gigabytes: float) -> int:
    """Unpack the files of a zip file into a folder, without the folders that they are in.

    Parameters
    ----------
    archive : Path
        The zip file.
    target : Path
        The folder to be made. It appears when all is unpacked; until then there is ``.NAME.part``.
    endings : tuple of str
        Files with another ending are passed over.
    most_gigabytes : float
        How much they may take together.

    Returns
    -------
    int
        How many files there are.

    Raises
    ------
    FetchError
        If the zip file is damaged, too large, or names a place outside; nothing is unpacked then.
    OSError
        If a file cannot be written.
    """
    forget_unfinished(target)
    unfinished = _unfinished(target)
    try:
        with zipfile.ZipFile(archive) as packed:
            members = _members(packed, archive, endings)
            room = sum(member.file_size + BLOCK for member in members.values())
            if room > most_gigabytes * 1e9:
                raise FetchError(
                    f"{archive} takes {room / 1e9:.1f} GB unpacked, wanted at most {most_gigabytes:g}; fetch it again"
                )
            check_room(archive.parent, room / 1e6)
            unfinished.mkdir(parents=True)
            for name, member in tqdm(members.items(), desc=f"unpacking {target.name}", unit=" files", disable=None):
                with packed.open(member) as source, (unfinished / name).open("wb") as file:
                    shutil.copyfileobj(source, file)  # no more than the size that was added up above
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        forget_unfinished(target)
        raise FetchError(f"{archive} is damaged ({error}); delete it and run the same command again") from error
    except (OSError, KeyboardInterrupt):
        forget_unfinished(target)
        raise
    if target.is_dir():
        target.rmdir()  # an empty one: others are not unpacked into
    unfinished.replace(target)
    return len(members)


def forget_unfinished(target: Path) -> None:
    """Delete what an interrupted `unpack` into a folder has left."""
    shutil.rmtree(_unfinished(target), ignore_errors=True)


def _unfinished(target: Path) -> Path:
    """Name the folder that is unpacked into until all is there."""
    return target.with_name(f".{target.name}.part")


def is_there(path: Path) -> bool:
    """Tell whether there is a file, or a folder with something in it."""
    if not path.is_dir():
        return path.is_file()
    with os.scandir(path) as entries:
        return next(entries, None) is not None


def _members(packed: zipfile.ZipFile, archive: Path, endings: tuple[str, ...]) -> dict[str, zipfile.ZipInfo]:
    """Find the files to unpack, by the names they get."""
    found: dict[str, zipfile.ZipInfo] = {}
    for member in packed.infolist():
        place, name = PurePosixPath(member.filename), PurePosixPath(member.filename).name
        if (
            place.is_absolute()
            or ".." in place.parts
            or PureWindowsPath(member.filename).drive
            or "\\" in member.filename
        ):
            raise FetchError(
                f"{archive} names a place outside the folder ({member.filename}); do not use it, fetch it again"
            )
        if stat.S_ISLNK(member.external_attr >> 16):
            raise FetchError(
                f"{archive} holds a link ({member.filename}) among its files; do not use it, fetch it again"
            )
        if member.is_dir() or "__MACOSX" in place.parts or name.startswith(".") or not name.lower().endswith(endings):
            continue
        if name in found:
            raise FetchError(
                f"{archive} holds {name} twice, in {found[name].filename} and {member.filename}; fetch it again"
            )
        found[name] = member
    if not found:
        raise FetchError(f"{archive} holds no {' or '.join(endings)} files; fetch it again")
    return found
