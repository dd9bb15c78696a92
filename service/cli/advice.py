"""What each cause means to the person who has to do something about it."""

from collections.abc import Mapping
from typing import Final

ADVICE: Final[Mapping[str, str]] = {
    "refused": "nothing listens there: is it running, and is the address right?",
    "timeout": "it did not answer in time",
    "dns": "its name can't be resolved: is the address right?",
    "tls": "its certificate was not accepted, or it does not speak TLS",
    "reset": "it closed the connection",
    "http_5xx": "it answered with a server error",
    "unauthorized": "it rejected the request: a key, or the Host header, is not accepted",
    "not_found": "it answers, but not at this path: is the address right?",
    "rate_limited": "it asks to be called less often",
    "redirect": "it redirects, which is not followed: give the final address",
    "bad_body": "it answered with something that is no list of models",
    "bad_encoding": "it compressed its answer unasked",
    "bad_protocol": "what it speaks is not HTTP as expected",
    "too_large": "its list is larger than 4 MiB",
    "loading": "it is still loading a model",
    "cli": "only its command line answered, not its API",
    "truncated": "its list was cut at 10,000 models",
    "slow": "it answers slowly",
    "internal": "its integration failed: a bug",
}
"""By the code of the cause; every code is here."""
