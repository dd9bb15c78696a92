"""What first contact can find wrong, by name, each in one sentence for whoever has to act on it."""

from dataclasses import dataclass
from enum import StrEnum, unique


@unique
class Cause(StrEnum):
    """The exact cause, finer than the codes of a poll; as in JSON under ``cause``."""

    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    DNS = "dns"
    NO_CONNECTION = "no_connection"
    TIMEOUT = "timeout"
    RESET = "reset"
    NOT_HTTP = "not_http"
    TLS_NAME = "tls_name"
    TLS_SELF_SIGNED = "tls_self_signed"
    TLS_UNTRUSTED = "tls_untrusted"
    TLS_EXPIRED = "tls_expired"
    TLS_FAILED = "tls_failed"
    NEEDS_HTTP = "needs_http"
    NEEDS_HTTPS = "needs_https"
    REDIRECT = "redirect"
    KEY_MISSING = "key_missing"
    KEY_REJECTED = "key_rejected"
    HOST_REFUSED = "host_refused"
    FORBIDDEN = "forbidden"
    WRONG_PATH = "wrong_path"
    PATH_TWICE = "path_twice"
    WEB_PAGE = "web_page"
    NOT_A_LIST = "not_a_list"
    LOADING = "loading"
    RATE_LIMITED = "rate_limited"
    SERVER_ERROR = "server_error"
    BAD_STATUS = "bad_status"
    UNUSABLE_LIST = "unusable_list"
    NO_MODELS = "no_models"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What is wrong: its ``cause``, a ``text`` for people, and an address to ``use`` instead."""

    cause: Cause
    text: str
    use: str | None = None
