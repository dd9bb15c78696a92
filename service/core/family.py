"""A model's family out of its name, for servers that say nothing: short, and marked as a guess."""

import re
from typing import Final

from service.core.model import UNKNOWN_FAMILY

_FAMILIES: Final = (
    # The longest name first, so that "codellama" is not taken for "llama".
    *("nomic-bert", "command-r", "starcoder", "codellama", "deepseek", "tinyllama", "granite"),
    *("mistral", "mixtral", "gpt-oss", "gemma3", "gemma2", "llama", "gemma", "qwen3", "qwen2"),
    *("claude", "falcon", "llava", "olmo", "qwen", "phi4", "phi3", "phi", "gpt", "yi"),
)
_FOUND: Final = re.compile(
    # "Meta-Llama-3" is of llama and "qwen2vl" of qwen2, but "phind" is not of phi.
    rf"(?<![a-z0-9])(?:{'|'.join(re.escape(name) for name in _FAMILIES)})(?:(?<=\d)|(?![a-z]))"
)


def family_from(model_id: str) -> str:
    """Guess the family: ``hf.co/acme/Llama-3-8B:Q4`` is of ``llama``; else ``unknown``.

    Only the last part of the path is read, so a namespace called ``llama`` tells nothing, and a
    family's name counts only at the start of a word.
    """
    name = model_id.rsplit("/", 1)[-1].split(":", 1)[0].lower()
    found = _FOUND.search(name)
    return found.group() if found else UNKNOWN_FAMILY
