"""What can go wrong with the sky; the tree of these is drawn at the top of the package."""


class SkyError(ValueError):
    """Something about the sky cannot be found out; the message says what and, where there is one, the way on."""


class NotUnderstood(SkyError):
    """A text is no position, name or address that can be read."""


class NotFound(SkyError):
    """There is no object of that name or id."""


class OutsideFootprint(SkyError):
    """The survey has no picture of that place."""


class Unavailable(SkyError):
    """A service gave nothing that can be used."""


class Offline(Unavailable):
    """There is no connection to the service."""


class Slow(Unavailable):
    """The service gave no whole answer in time."""


class Hurried(Slow):
    """Our own time was over, or no turn came in it: nothing that the service could help."""


class Refused(Unavailable):
    """The service said no, or sent us on to a host that is not asked."""


class Busy(Refused):
    """The service asks to come back later, or has a fault of its own.

    Parameters
    ----------
    message : str
        What to say.
    wait_seconds : float, optional
        How long it asks to wait.
    """

    def __init__(self, message: str, wait_seconds: float | None = None) -> None:
        super().__init__(message)
        self.wait_seconds = wait_seconds


class Malformed(Unavailable):
    """The service answered with something else than what was asked for."""
