"""Codes of classes, secret tokens, and the rate limit on wrong codes."""

import hashlib
import secrets
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field

# Without vowels, so that no code is a word, and without 0, 1, I, L, O, which look alike: 27**8 = 3e11 codes.
ALPHABET = "BCDFGHJKMNPQRSTVWXZ23456789"
CODE_LENGTH = 8
TOKEN_BYTES = 24
MAX_KEYS = 10_000  # sessions and addresses that a limit remembers


def new_code() -> str:
    """Return a random code of a class, without its hyphen."""
    return "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))


def normalised(typed: str) -> str:
    """Return a typed code in capitals, without blanks and hyphens; empty if it cannot be a code."""
    code = "".join(letter for letter in typed.upper() if letter not in " -–\t\n\u00a0")
    return code if len(code) == CODE_LENGTH and set(code) <= set(ALPHABET) else ""


def as_shown(code: str) -> str:
    """Return a code in two groups: ``K7MX-4QRT``."""
    return f"{code[: CODE_LENGTH // 2]}-{code[CODE_LENGTH // 2 :]}"


def new_token() -> str:
    """Return a random secret of 192 bits for a URL or a cookie."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def hash_of(token: str) -> bytes:
    """Return the SHA-256 hash of a token; a random token needs no salt."""
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


class TooManyTriesError(ValueError):
    """Too many wrong codes; `wait_s` is the time until the next try is possible."""

    def __init__(self, wait_s: float) -> None:
        super().__init__(f"Too many wrong codes were tried. Wait {max(1, round(wait_s))} s, then try again.")
        self.wait_s = wait_s


@dataclass
class RateLimit:
    """Limit on the number of events by key within a sliding window."""

    max_events: int
    window_s: float
    clock: Callable[[], float] = time.monotonic
    _events: OrderedDict[str, deque[float]] = field(default_factory=OrderedDict)

    def wait_s(self, key: str) -> float:
        """Return the time until another event is allowed, 0 if it is now."""
        events = self._events.get(key)
        if not events or len(events) < self.max_events:
            return 0.0
        return max(0.0, events[-self.max_events] + self.window_s - self.clock())

    def record(self, key: str) -> None:
        """Record an event."""
        self._events.setdefault(key, deque(maxlen=self.max_events)).append(self.clock())
        self._events.move_to_end(key)
        if len(self._events) > MAX_KEYS:
            self._events.popitem(last=False)


class CodeGuard:
    """Rate limits on wrong codes: of a session, of an address, and of all visitors.

    Only wrong codes count. An address may be a whole school's, or that of a reverse proxy, so its limit is wide. The
    limit on all visitors bounds an attacker with many addresses: 300 tries a minute find one of ten open classes
    within a month with a probability below 0.001.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits = {
            "session": RateLimit(10, 60.0, clock),
            "address": RateLimit(150, 60.0, clock),
            "all": RateLimit(300, 60.0, clock),
        }

    def check(self, session: str, address: str) -> None:
        """Raise TooManyTriesError if a visitor must wait before a code is compared."""
        keys = {"session": session, "address": address, "all": ""}
        if wait_s := max(limit.wait_s(keys[kind]) for kind, limit in self._limits.items()):
            raise TooManyTriesError(wait_s)

    def record_wrong(self, session: str, address: str) -> None:
        """Record a wrong code of a visitor."""
        for kind, key in {"session": session, "address": address, "all": ""}.items():
            self._limits[kind].record(key)
