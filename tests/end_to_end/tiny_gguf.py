"""Write a llama with random weights: ``python tiny_gguf.py FILE MERGES``.

It runs where ``gguf`` and ``numpy`` are, which is not where the service is. Two layers, 64 wide,
with a vocabulary of single bytes. Rules for merging bytes add nothing to it but the time that a
server needs to load them.
"""

import sys

import numpy as np  # type: ignore[import-not-found,unused-ignore]
from gguf import (  # type: ignore[import-not-found,unused-ignore]
    GGMLQuantizationType,
    GGUFWriter,
    LlamaFileType,
    TokenType,
)

LAYERS, WIDTH, INNER, HEADS, CONTEXT = 2, 64, 128, 4, 512
SPECIAL = ["<s>", "</s>"]


def byte_letters() -> list[str]:
    """Give the printable letter that stands for each byte in vocabularies of GPT-2's kind."""
    plain = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = iter(range(0x100, 0x200))
    return [chr(byte) if byte in plain else chr(next(others)) for byte in range(256)]


def write(path: str, merges: int) -> None:
    writer = GGUFWriter(path, "llama")
    writer.add_name("tiny")
    writer.add_file_type(LlamaFileType.ALL_F32)
    writer.add_quantization_version(2)
    writer.add_block_count(LAYERS)
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    letters = byte_letters()
    tokens = letters + SPECIAL
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(tokens)
    writer.add_token_types([TokenType.NORMAL] * len(letters) + [TokenType.CONTROL] * len(SPECIAL))
    writer.add_token_merges(
        [f"{letters[n % 256]} {letters[n // 256 % 256]}{n // 65536}" for n in range(merges)]
    )
    writer.add_bos_token_id(len(letters))
    writer.add_eos_token_id(len(letters) + 1)
    random = np.random.default_rng(0)

    def add(name: str, *shape: int) -> None:
        weights = random.standard_normal(shape, dtype=np.float32) * 0.02
        writer.add_tensor(f"{name}.weight", weights, raw_dtype=GGMLQuantizationType.F32)

    add("token_embd", len(tokens), WIDTH)
    add("output_norm", WIDTH)
    add("output", len(tokens), WIDTH)
    for layer in range(LAYERS):
        for name in ("attn_norm", "ffn_norm"):
            add(f"blk.{layer}.{name}", WIDTH)
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            add(f"blk.{layer}.{name}", WIDTH, WIDTH)
        add(f"blk.{layer}.ffn_gate", INNER, WIDTH)
        add(f"blk.{layer}.ffn_up", INNER, WIDTH)
        add(f"blk.{layer}.ffn_down", WIDTH, INNER)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    write(sys.argv[1], int(sys.argv[2]))
