"""What a model's name suggests it can do, for servers that say nothing: a short, marked guess.

Read only where nobody knows better, shown with the source ``heuristic``, and silent on what a name
does not settle. How often it is right, where the truth is known, is in docs/integrations.md.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

_REMEMBERED: Final = 32_768

_CHAT: Final = {"completion": True, "embedding": False}
_NO_CHAT: Final = {"completion": False, "tools": False, "thinking": False, "insert": False}
_TOOLS: Final = _CHAT | {"tools": True}
_REASONS: Final = _CHAT | {"thinking": True}

_TABLE: Final[tuple[tuple[str, Mapping[str, bool]], ...]] = (
    # What does not chat at all comes first, whatever family it is of.
    (r"embed|(^|[-_])(bge|gte|e5|minilm|mpnet)([-_.]|$)", _NO_CHAT | {"embedding": True}),
    (r"rerank", _NO_CHAT | {"embedding": False}),
    (r"whisper|transcribe|(^|[-_])(tts|asr)([-_.\d]|$)", _NO_CHAT | {"embedding": False}),
    (r"moderation|guard", {"tools": False, "embedding": False}),
    (r"dall-e|stable-?diffusion|flux|gpt-image|imagen|(^|-)sdxl?(-|$)|(^|-)sora", _NO_CHAT),
    # Reasoning models; the first that fits says it all.
    (r"deepseek-r1|(^|-)qwq|magistral", _REASONS),
    (r"gpt-oss|qwen-?3(?!.*(instruct|coder|vl))", _REASONS | {"tools": True}),
    (r"^o[134](-mini|-pro)?(-20|$)|^gpt-5", _REASONS | {"tools": True}),
    # Eyes.
    (r"llava|moondream|bakllava|minicpm-v", _CHAT | {"vision": True}),
    (r"^gpt-4o(?!.*(audio|realtime))|^gpt-4\.1|^chatgpt-4o", _TOOLS | {"vision": True}),
    (r"^claude-(?!2|instant)", _TOOLS | {"vision": True}),
    (r"^gemini-(1\.5|2|3)", _TOOLS | {"vision": True}),
    (
        r"qwen-?(2|2\.5|3)-?vl|llama-?3\.2.*vision|pixtral|gemma-?3(?!.*(1b|270m))",
        _CHAT | {"vision": True},
    ),
    # Tools.
    (
        r"llama-?3\.[1-3]|llama-?4|qwen-?2\.5|qwen-?3|mistral-(small|large|nemo)|mixtral-8x22",
        _TOOLS,
    ),
    (r"command-r|granite-?3|hermes-?3|firefunction|ministral|devstral", _TOOLS),
    # No more than that they chat.
    (r"llama|qwen|mistral|mixtral|gemma|phi|vicuna|yi-|deepseek|falcon|olmo|granite|gpt-", _CHAT),
    (r"instruct|(^|[-_])chat([-_]|$)", _CHAT),
)
_COMPILED: Final = tuple((re.compile(pattern), facts) for pattern, facts in _TABLE)


@lru_cache(maxsize=_REMEMBERED)
def guessed_capabilities(model_id: str) -> Mapping[str, bool]:
    """Guess what a model called ``model_id`` can do; only what its name settles is in the answer.

    A namespace tells nothing, and neither does what stands behind a colon (a tag, a size).
    """
    name = model_id.rsplit("/", 1)[-1].split(":", 1)[0].lower()
    for pattern, facts in _COMPILED:
        if pattern.search(name):
            return facts
    return {}
