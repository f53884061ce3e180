"""Uploaded zip files, also damaged ones."""

import io
import zipfile
from contextlib import suppress

import numpy as np
import pytest

from galaxy_explorer.app.upload.archives import open_members
from galaxy_explorer.catalogue import CatalogueError
from galaxy_explorer.images import ImageError

ENDINGS = (".jpg", ".csv")


def zipped(method: int = zipfile.ZIP_DEFLATED, **files: bytes) -> bytes:
    """A zip file; names have an underscore for the point."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("_", "."), content)
    return packed.getvalue()


def contents(content: bytes) -> list[bytes]:
    """The content of each file that is read."""
    return [member.read() for member in open_members(content, "a.zip", ENDINGS, 10_000)]


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA])
def test_files_are_read_whatever_their_packing(method: int) -> None:
    assert contents(zipped(method, a_jpg=b"1" * 999, b_csv=b"2", c_txt=b"3")) == [b"1" * 999, b"2"]


def test_what_is_packed_too_tightly_or_by_bzip2_is_refused_in_words() -> None:
    with pytest.raises(ImageError, match="bzip2"):
        contents(zipped(zipfile.ZIP_BZIP2, a_jpg=b"1"))
    with pytest.raises(CatalogueError, match="unpacks to"):
        contents(zipped(a_jpg=bytes(20_000)))


@pytest.mark.parametrize("seed", range(30))
def test_a_damaged_zip_file_is_refused_in_words(seed: int) -> None:
    random = np.random.default_rng(seed)
    method = [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA][seed % 3]
    content = bytearray(zipped(method, a_jpg=random.bytes(300), b_csv=b"GalaxyID" * 40))
    for place in random.integers(0, len(content), 1 + seed % 5):
        content[place] = random.integers(256)
    cut = len(content) if seed % 4 else random.integers(len(content))
    with suppress(CatalogueError, ImageError):  # no other exception
        contents(bytes(content[:cut]))
