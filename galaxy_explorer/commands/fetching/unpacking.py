"""Zip files: bounded, and unpacked into a folder that appears once it is complete."""

import os
import re
import shutil
import zipfile
import zlib
from pathlib import Path

from tqdm import tqdm

from galaxy_explorer.commands.fetching.downloads import FetchError, check_disk_space

BLOCK_BYTES = 4096  # of a file system: a file takes whole blocks


def unpack(archive: Path, target: Path, suffixes: tuple[str, ...], max_gigabytes: float) -> int:
    """Unpack files with these suffixes into one new folder; return their number."""
    remove_unfinished(target)
    unfinished = _unfinished(target)
    try:
        with zipfile.ZipFile(archive) as packed:
            members = _members(packed, archive, suffixes)
            size = sum(member.file_size + BLOCK_BYTES for member in members.values())
            if size > max_gigabytes * 1e9:
                raise FetchError(
                    f"{archive} has {size / 1e9:.1f} GB unpacked, expected at most {max_gigabytes:g}; fetch it again"
                )
            check_disk_space(archive.parent, size / 1e6)
            unfinished.mkdir(parents=True)
            for name, member in tqdm(members.items(), desc=f"unpacking {target.name}", unit=" files", disable=None):
                with packed.open(member) as source, (unfinished / name).open("wb") as file:
                    shutil.copyfileobj(source, file)  # zipfile reads no more than member.file_size
    except BaseException as error:
        remove_unfinished(target)
        if isinstance(error, zipfile.BadZipFile | zlib.error | EOFError | RuntimeError):  # also a password, or a method
            raise FetchError(f"{archive} is damaged ({error}); delete it and run the same command again") from error
        raise
    if target.is_dir():
        target.rmdir()  # an empty one
    unfinished.replace(target)
    return len(members)


def remove_unfinished(target: Path) -> None:
    """Delete what an interrupted `unpack` into a folder left."""
    shutil.rmtree(_unfinished(target), ignore_errors=True)


def exists_with_content(path: Path) -> bool:
    """Return whether a path is a file, or a folder that is not empty."""
    if not path.is_dir():
        return path.is_file()
    with os.scandir(path) as entries:
        return any(entries)


def _unfinished(target: Path) -> Path:
    return target.with_name(f".{target.name}.part")


def _members(packed: zipfile.ZipFile, archive: Path, suffixes: tuple[str, ...]) -> dict[str, zipfile.ZipInfo]:
    """Return the members to unpack by their names on disk, which lead nowhere else."""
    members: dict[str, zipfile.ZipInfo] = {}
    for member in packed.infolist():
        name = re.split(r"[/\\:]", member.filename)[-1]
        if "__MACOSX" in member.filename or name.startswith(".") or not name.lower().endswith(suffixes):
            continue
        if name in members:
            raise FetchError(
                f"{archive} has {name} twice, as {members[name].filename} and {member.filename}; fetch it again"
            )
        members[name] = member
    if not members:
        raise FetchError(f"{archive} has no {' or '.join(suffixes)} files; fetch it again")
    return members
