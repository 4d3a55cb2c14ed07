"""The layers of a language model that comes as a GGUF file, in fp32, to begin an encoder with."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from byline.errors import InputError


def unpack(path: Path, folder: Path) -> None:
    """Write a folder that `transformers` and `tokenizers` read.

    A window begins with the token that language models see between documents: without one, the
    first word would be what attention rests on where it has nothing to look at (Xiao et al. 2024,
    attention sinks).

    Args:
        path: the GGUF file.
        folder: made, with `config.json`, `model.safetensors` and `tokenizer.json`.

    Raises:
        InputError: it can't be read.
    """
    import torch
    from transformers import AutoModel, AutoTokenizer

    try:
        read = AutoModel.from_pretrained(path.parent, gguf_file=path.name, dtype=torch.float32)
        tokenizer = AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)
    except Exception as error:
        raise InputError(f"{path}: can't be read as a language model: {error}") from error
    config, weights = read.config, read.state_dict()
    del config.quantization_config  # the weights are numbers again
    encoder = AutoModel.from_config(config)  # type: ignore[no-untyped-call]
    encoder.load_state_dict(weights)
    made = folder.with_suffix(".making")
    shutil.rmtree(made, ignore_errors=True)
    encoder.save_pretrained(made)
    values = json.loads(tokenizer.backend_tokenizer.to_str())
    begins = _between_documents(values)
    values["post_processor"] = {
        "type": "TemplateProcessing",
        "single": [
            {"SpecialToken": {"id": begins["content"], "type_id": 0}},
            {"Sequence": {"id": "A", "type_id": 0}},
        ],
        "pair": [],
        "special_tokens": {
            begins["content"]: {
                "id": begins["content"], "ids": [begins["id"]], "tokens": [begins["content"]],
            }
        },
    }  # fmt: skip
    (made / "tokenizer.json").write_text(json.dumps(values, ensure_ascii=False), encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    made.rename(folder)


def _between_documents(values: dict[str, Any]) -> dict[str, Any]:
    """The added token that begins a text."""
    added: list[dict[str, Any]] = values["added_tokens"]
    for name in ("<bos>", "<s>", "<|endoftext|>"):
        for token in added:
            if token["content"] == name:
                return token
    raise InputError(f"a tokenizer without a token to begin with; it has {added[:3]}")
