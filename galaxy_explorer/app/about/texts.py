"""Texts of the About page, from ``about.toml``."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Any


@cache
def texts() -> dict[str, Any]:
    """Read the texts."""
    return tomllib.loads(Path(__file__).with_name("about.toml").read_text(encoding="utf-8"))
