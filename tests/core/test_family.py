import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.core.family import family_from


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("llama3.2:3b", "llama"),
        ("Llama-3-8B", "llama"),
        ("hf.co/acme/Llama-3-8B:Q4", "llama"),
        ("meta-llama/Meta-Llama-3.1-8B-Instruct", "llama"),
        ("hermes-3-llama-3.1-8b", "llama"),
        ("codellama:7b", "codellama"),
        ("phind-codellama:34b", "codellama"),
        ("tinyllama", "tinyllama"),
        ("llava:13b", "llava"),
        ("qwen3:8b", "qwen3"),
        ("qwen2.5-coder:32b", "qwen2"),
        ("Qwen/Qwen2-VL-7B", "qwen2"),
        ("qwen2vl", "qwen2"),
        ("qwen:4b", "qwen"),
        ("gemma3:27b", "gemma3"),
        ("gemma3n:e4b", "gemma3"),
        ("gemma:2b", "gemma"),
        ("phi4-mini", "phi4"),
        ("phi:2.7b", "phi"),
        ("mistral-nemo", "mistral"),
        ("dolphin-mixtral:8x7b", "mixtral"),
        ("deepseek-r1:14b", "deepseek"),
        ("deepseek-r1-distill-qwen-7b", "deepseek"),
        ("command-r-plus", "command-r"),
        ("starcoder2:15b", "starcoder"),
        ("gpt-oss:20b", "gpt-oss"),
        ("gpt-4o-mini", "gpt"),
        ("claude-sonnet-4-5", "claude"),
        ("yi:34b", "yi"),
        ("deepcoder:14b", "unknown"),
        ("llama/custom-bot", "unknown"),
        ("custom-bot:llama", "unknown"),
        ("something-GPTQ", "unknown"),
        ("mallama", "unknown"),
        ("yippee", "unknown"),
        ("", "unknown"),
        (":::", "unknown"),
        ("///", "unknown"),
    ],
)
def test_families_are_guessed_from_names(name: str, family: str) -> None:
    assert family_from(name) == family


@given(st.text(max_size=300), st.text(max_size=20), st.text(max_size=20))
def test_neither_the_namespace_nor_the_tag_tells_anything(
    name: str, namespace: str, tag: str
) -> None:
    plain = name.replace("/", "").replace(":", "")
    dressed = f"{namespace}/{plain}:{tag.replace('/', '')}"
    assert family_from(dressed) == family_from(plain)
