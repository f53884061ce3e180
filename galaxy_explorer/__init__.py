"""Galaxy Explorer: neural networks that predict the votes of Galaxy Zoo 2."""

import os

__version__ = "0.1.0"


def set_thread_policy() -> None:
    """Make idle torch threads sleep instead of spin; call it before torch is imported."""
    # On a busy machine a prediction with spinning threads takes thirty times as long.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
