"""Signals that end a command."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def sigterm_as_interrupt() -> Iterator[None]:
    """Handle SIGTERM, as of a batch system or torchrun, as Ctrl-C, so that work is saved."""
    if threading.current_thread() is not threading.main_thread():  # which alone may set signal handlers
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
