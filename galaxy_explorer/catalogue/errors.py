"""The error of catalogues, and shortened texts for messages."""

import lzma
import zipfile
import zlib

MAX_SHOWN = 60  # letters of an id or a name in a message
# Errors of damaged, locked or missing files and zip files. RuntimeError: encrypted; UnicodeDecodeError: file names.
UNREADABLE = (OSError, EOFError, RuntimeError, UnicodeDecodeError, zipfile.BadZipFile, zlib.error, lzma.LZMAError)


class CatalogueError(ValueError):
    """A missing catalogue or an unreadable table; the message says where and what to do."""


def shortened(text: object) -> str:
    """Shorten an id, a cell or a file name for a message.

    Parameters
    ----------
    text : object
        A text of any length, or a value.

    Returns
    -------
    str
        At most `MAX_SHOWN` letters, and an ellipsis if there were more.
    """
    whole = str(text)
    return f"{whole[:MAX_SHOWN]}…" if len(whole) > MAX_SHOWN else whole
