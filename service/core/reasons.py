"""Why an integration is not simply well: the fixed list of codes, and what each one means for it.

A code is all that anonymous callers ever learn of a failure: no host, no URL, no key and no
exception's text.
"""

from collections.abc import Mapping
from enum import StrEnum, unique
from typing import Final


@unique
class Reason(StrEnum):
    """A cause, as shown under ``reason`` in the health answers and as a metric's label."""

    REFUSED = "refused"
    TIMEOUT = "timeout"
    DNS = "dns"
    TLS = "tls"
    RESET = "reset"
    HTTP_5XX = "http_5xx"
    UNAUTHORIZED = "unauthorized"
    NOT_FOUND = "not_found"
    RATE_LIMITED = "rate_limited"
    REDIRECT = "redirect"
    BAD_BODY = "bad_body"
    BAD_ENCODING = "bad_encoding"
    BAD_PROTOCOL = "bad_protocol"
    TOO_LARGE = "too_large"
    SLOW = "slow"
    TRUNCATED = "truncated"
    LOADING = "loading"
    CLI = "cli"
    INTERNAL = "internal"


@unique
class Verdict(StrEnum):
    """What one probe means to the state machine."""

    OK = "ok"
    """A whole, prompt, usable answer."""
    SLOW = "slow"
    """Usable, but it took more than half of the deadline."""
    IMPAIRED = "impaired"
    """Usable, but known to be less than the whole: cut at a limit, or had by the command line."""
    FAILED = "failed"
    """No usable answer; counted."""
    UNUSABLE = "unusable"
    """Valid HTTP around a body of no use; counted, and shown at once."""
    REFUSED = "refused"
    """Our request is wrong, not the server; retrying will not mend it, so it is not counted."""
    RATE_LIMITED = "rate_limited"
    """Well, but asked too often; not counted."""
    LOADING = "loading"
    """The server says that it is still loading; not counted."""


_VERDICTS: Final[Mapping[Reason, Verdict]] = {
    Reason.TLS: Verdict.REFUSED,
    Reason.UNAUTHORIZED: Verdict.REFUSED,
    Reason.NOT_FOUND: Verdict.REFUSED,
    Reason.RATE_LIMITED: Verdict.RATE_LIMITED,
    Reason.LOADING: Verdict.LOADING,
    Reason.BAD_BODY: Verdict.UNUSABLE,
    Reason.SLOW: Verdict.SLOW,
    Reason.TRUNCATED: Verdict.IMPAIRED,
    Reason.CLI: Verdict.IMPAIRED,
}


def verdict_on(reason: Reason | None) -> Verdict:
    """Say what a probe that ended with ``reason`` means; ``None`` is a clean success."""
    return Verdict.OK if reason is None else _VERDICTS.get(reason, Verdict.FAILED)
