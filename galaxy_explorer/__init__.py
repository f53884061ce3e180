"""Galaxy Explorer: predictions of the votes that Galaxy Zoo's volunteers would give to a galaxy."""

import os

__version__ = "0.1.0"


def set_thread_policy() -> None:
    """Make idle torch threads sleep; on a busy machine, spinning ones slow a prediction down thirty times."""
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # read when torch is first imported
