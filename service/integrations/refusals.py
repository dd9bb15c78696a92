"""What a refusal means: by its status, and by its body where servers are known to say it there.

Some reject a key with a 400 or even a 500; llama.cpp says that it is still loading with a 503.
Neither is an outage, and taking it for one would send people looking in the wrong place.
"""

import re
from typing import Final

from service.core.reasons import Reason

_KEY_REJECTED: Final = re.compile(
    rb"api[ _-]?key|authenticat|unauthori[sz]ed|invalid[ _-]?(?:token|credentials)"
    rb"|no[ _]api[ _]key|permission[ _]denied"
    # LiteLLM looks for a key that is not its own in its database, and may have none.
    rb"|virtual key expected|no_db_connection|no connected db",
    re.IGNORECASE,
)
_LOADING: Final = re.compile(
    rb"loading model|model is loading|\"status\"\s*:\s*\"(?:starting|loading)"
)


def reason_for(status: int, excerpt: bytes = b"") -> Reason:
    """Name the cause that a status other than 200 stands for.

    ``excerpt`` is the beginning of the body; it is searched for a few known phrases and never kept.
    """
    if status in (401, 403, 407) or (status in (400, 500) and _KEY_REJECTED.search(excerpt)):
        return Reason.UNAUTHORIZED
    if status in (404, 405, 410):
        return Reason.NOT_FOUND
    if status == 429:  # noqa: PLR2004 -- Too Many Requests
        return Reason.RATE_LIMITED
    if status == 503 and _LOADING.search(excerpt[:1024].lower()):  # noqa: PLR2004 -- Unavailable
        return Reason.LOADING
    by_class = {2: Reason.BAD_BODY, 3: Reason.REDIRECT, 5: Reason.HTTP_5XX}
    return by_class.get(status // 100, Reason.BAD_PROTOCOL)
