"""Files of the project: next to the package in a clone, inside it once it is installed."""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]


def bundled(name: str) -> Path:
    """Return the path of a file or folder of the project, such as ``weights`` or ``app.py``."""
    installed = PACKAGE / "bundled" / name
    return installed if installed.exists() else PACKAGE.parent / name
