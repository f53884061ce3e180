"""Errors of look-ups and of the HTTP client; a message says what happened and what to do.

SkyError(ValueError)
├── NotUnderstood           the text is not a position, name or URL that can be read
├── NotFound                no object has this name or id
├── OutsideFootprint        the survey did not image this position
└── ServiceError            a service gave no usable response
    ├── Timeout             no complete response within the timeout
    │   └── DeadlineExceeded    the caller's own deadline passed, or no slot was free before it
    ├── Unavailable         no connection, HTTP 429 or 5xx
    │   └── NoConnection        the service was not reached, or the connection broke off
    ├── Rejected            another HTTP status, or a redirect to a host that is not allowed
    └── InvalidResponse     the content is not what was requested
"""


class SkyError(ValueError):
    """Base of all errors of this package."""


class NotUnderstood(SkyError):
    """Text that is not a position, name or URL."""


class NotFound(SkyError):
    """Unknown name or id."""


class OutsideFootprint(SkyError):
    """Position outside the survey footprint."""


class ServiceError(SkyError):
    """Failed HTTP request, or unusable response."""


class Timeout(ServiceError):
    """No complete response within the service's timeout."""


class DeadlineExceeded(Timeout):
    """The caller's deadline passed; the service did not fail."""


class Unavailable(ServiceError):
    """No connection, HTTP 429 or 5xx; `retry_after_s` is from the Retry-After header."""

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class NoConnection(Unavailable):
    """No connection to a service, perhaps as there is no internet."""


class Rejected(ServiceError):
    """HTTP status other than 429 and 5xx, or a redirect to a host that is not allowed."""


class InvalidResponse(ServiceError):
    """Response that is not what was requested."""
